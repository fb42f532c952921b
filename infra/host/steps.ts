import { bundle } from './bundle.ts';
import { FIREWALL } from './firewall.ts';
import { node, restic } from './programs.ts';
import { absence, fileCheck, fileMake, fileStep, type Step, sha256 } from './step.ts';
import { commandProgram, FIREWALL_UNIT, STATE_TIMER, STATE_UNIT, stateProgram, TUNNEL_UNIT } from './units.ts';
import { CLOUDFLARED_KEY, CLOUDFLARED_SOURCE, PACKAGES, UPKEEP, type Upkeep } from './upkeep.ts';
import { nodeHome, releaseHome, releaseId, type Secrets, STATE_SECRETS, TUNNEL_TOKEN, type Wanted } from './wanted.ts';

/** Where `converge` puts the packed release for the step that unpacks it. */
export const incomingFile = (wanted: Wanted): string => `/tmp/dumont-${releaseId(wanted)}.tgz`;
export const RELEASE_STEP = 'release';
export const FIREWALL_STEP = 'firewall';

const SYSTEM = '/etc/systemd/system';

/** The whole host, in the order in which it is made. Each step may rely on those before it. */
export function stepsOf(wanted: Wanted, secrets: Secrets): readonly Step[] {
  return [
    packages(wanted),
    user,
    clock,
    node(wanted),
    restic(wanted),
    ...UPKEEP.map(upkeep),
    fileStep({ path: '/usr/local/sbin/dumont', mode: '0755', text: commandProgram(wanted) }),
    ...state(wanted, secrets),
    ...firewallSteps,
    release(wanted),
    engine(wanted, secrets),
    ...tunnel(wanted, secrets),
  ];
}

function packages({ tunnel }: Wanted): Step {
  const own = PACKAGES.join(' ');
  const install = 'DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends';
  const ours = `if ! have_packages ${own}; then
  apt-get update -q
  ${install} ${own}
fi`;
  if (!tunnel) return { name: 'packages', check: `have_packages ${own}`, make: ours };
  return {
    name: 'packages',
    check: `have_packages ${own} cloudflared && ${fileCheck(CLOUDFLARED_SOURCE)} && [ "$(stat -c %a ${CLOUDFLARED_KEY})" = 644 ]`,
    make: `${ours}
curl -fsSL --retry 3 -o ${CLOUDFLARED_KEY} https://pkg.cloudflare.com/cloudflare-main.gpg
chmod 0644 ${CLOUDFLARED_KEY} # apt reads it as a user of its own
${fileMake(CLOUDFLARED_SOURCE)}
apt-get update -q
${install} cloudflared`,
  };
}

function upkeep({ file, heeded, apply }: Upkeep): Step {
  const { name, check, make } = fileStep(file);
  return {
    name,
    check: heeded === undefined ? check : `${check} && ${heeded}`,
    make: apply === null ? make : `${make}\n${apply}`,
  };
}

const user: Step = {
  name: 'user dumont',
  check: 'id -u dumont >/dev/null 2>&1',
  make: 'useradd --system --user-group --home-dir /var/lib/dumont --shell /usr/sbin/nologin dumont',
};

/** Machines whose clock is off by minutes are refused, and so are requests to storage from here. */
const clock: Step = {
  name: 'clock',
  check: '[ "$(timedatectl show --property=NTP --value)" = yes ]',
  make: `have_packages chrony || have_packages systemd-timesyncd || apt-get install -y -q --no-install-recommends systemd-timesyncd
timedatectl set-ntp true`,
};

/** The engine's own state: how it is copied away, and where it comes from on a host that has none. */
function state(wanted: Wanted, secrets: Secrets): readonly Step[] {
  const unit = 'dumont-state.timer';
  const looked = '/var/lib/dumont-host/state-looked-for';
  return [
    ...STATE_SECRETS.map((name) => fileStep({ path: `/etc/dumont/state/${name}`, mode: '0600', text: secrets[name]! })),
    fileStep({
      path: '/usr/local/sbin/dumont-state',
      mode: '0755',
      text: stateProgram(wanted),
    }),
    fileStep({ path: `${SYSTEM}/dumont-state.service`, mode: '0644', text: STATE_UNIT }),
    fileStep({ path: `${SYSTEM}/${unit}`, mode: '0644', text: STATE_TIMER }),
    { name: unit, check: `is_up ${unit}`, make: `systemctl daemon-reload\nsystemctl enable --now ${unit}` },
    {
      name: 'state',
      // An answer is needed: an engine that starts without the state it once had would make new keys.
      check: `[ -e ${looked} ]`,
      make: `mkdir -p /var/lib/dumont
chown dumont:dumont /var/lib/dumont
chmod 0700 /var/lib/dumont
/usr/local/sbin/dumont-state bring-back
touch ${looked}`,
    },
  ];
}

const firewallSteps: readonly Step[] = [
  fileStep({ path: `${SYSTEM}/dumont-firewall.service`, mode: '0644', text: FIREWALL_UNIT }),
  {
    name: FIREWALL_STEP,
    check: `is_firewall /etc/dumont/firewall.nft ${sha256(FIREWALL)} && is_up dumont-firewall.service`,
    make: `${fileMake({ path: '/etc/dumont/firewall.nft.new', mode: '0600', text: FIREWALL })}
try_firewall /etc/dumont/firewall.nft.new`,
  },
];

function release(wanted: Wanted): Step {
  const home = releaseHome(wanted);
  return {
    name: RELEASE_STEP,
    check: `[ -e ${home}/.complete ]`,
    // Copied first and checked then: what lies in /tmp may change meanwhile.
    make: `umask 022
rm -rf ${home} ${home}.new
cp ${incomingFile(wanted)} ${home}.tgz
rm -f ${incomingFile(wanted)}
if [ "$(sha256sum < ${home}.tgz | cut -c1-64)" != ${wanted.release.sha256} ]; then
  say "what arrived is not the release that was packed: its checksum differs"
  rm -f ${home}.tgz
  false
fi
mkdir ${home}.new
tar -xzf ${home}.tgz --no-same-owner -C ${home}.new
rm -f ${home}.tgz
(cd ${home}.new && PATH="${nodeHome(wanted)}/bin:$PATH" npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error)
touch ${home}.new/.complete
mv ${home}.new ${home}`,
  };
}

/** The switch. The previous bundle is one link away until the new one has answered. */
function engine(wanted: Wanted, secrets: Secrets): Step {
  const { folder, files } = bundle(wanted, secrets);
  const there = files.map(fileCheck).join(' && ');
  return {
    name: 'engine',
    check: `[ "$(readlink /etc/dumont/current)" = ${folder} ] && ${there} && is_up dumont.service && healthy ${wanted.port} 1`,
    make: `${files.map(fileMake).join('\n')}
ln -sfn ${releaseHome(wanted)} ${folder}/release
switch_engine ${folder} ${wanted.port} ${wanted.healthSeconds}`,
  };
}

function tunnel(wanted: Wanted, secrets: Secrets): readonly Step[] {
  const unit = 'dumont-tunnel.service';
  const path = `${SYSTEM}/${unit}`;
  if (!wanted.tunnel) return [absence(path, `systemctl disable --now ${unit}\nrm -f ${path} /etc/dumont/tunnel-token`)];
  const files = [
    { path, mode: '0644', text: TUNNEL_UNIT },
    { path: '/etc/dumont/tunnel-token', mode: '0600', text: secrets[TUNNEL_TOKEN]! },
  ] as const;
  return [
    {
      name: 'tunnel',
      check: `${files.map(fileCheck).join(' && ')} && is_up ${unit}`,
      make: `${files.map(fileMake).join('\n')}
systemctl daemon-reload
systemctl enable ${unit}
systemctl restart ${unit}`,
    },
  ];
}
