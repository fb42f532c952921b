# First process of the host: a root of its own, in which everything of this computer is to be seen and nothing of it can
# be changed. What is written goes to memory, and is gone with it.
set -eu
folder=$1 repository=$2 node=$3
shift 3
mount -t tmpfs -o mode=755 tmpfs "$folder"
mkdir "$folder/up" "$folder/work" "$folder/root"
mount -t overlay -o "lowerdir=/,upperdir=$folder/up,workdir=$folder/work" overlay "$folder/root"
root=$folder/root
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
for seen in "$repository" "$(dirname "$node")"; do
  mkdir -p "$root$seen"
  mount --bind -o ro "$seen" "$root$seen"
done
rm -rf "$root/root/.ssh" "$root/opt/dumont" "$root/var/lib/dumont" "$root/etc/dumont"
mkdir -p "$root/root/.ssh" "$root/etc/systemd/system"
printf '%s\n' "$AUTHORIZED" > "$root/root/.ssh/authorized_keys"
cp "$repository"/test/standins/debian/bin/* "$root/usr/local/sbin/"
cp "$repository"/test/standins/debian/bin/nft "$root/usr/sbin/"
# What is asked most often is answered without a start of Node.
cat > "$root/usr/local/sbin/systemctl" <<END
#!/bin/sh
case "\$1 \$3" in
  "is-enabled "?*) [ -e "/etc/systemd/system/multi-user.target.wants/\$3" ] ;;
  "is-active "?*)
    pid=\$(cat "/run/units/\$3.pid" 2>/dev/null) || exit 3
    case "\$pid" in *[!0-9]*) ;; *) grep -qs '^State:[^Z]*$' "/proc/\$pid/status" || exit 3 ;; esac
    ;;
  *) exec $node $repository/test/standins/debian/systemctl.ts "\$@" ;;
esac
END
chmod 0755 "$root"/usr/local/sbin/* "$root/usr/sbin/nft"
cd "$root"
exec chroot . "$node" "$repository/test/standins/debian/machine-child.ts" "$@"
