const TOO_OFTEN = 'limit rate over 30/minute burst 60 packets';

/**
 * In comes SSH, and nothing else that we did not ask for. Whoever knocks too often is limited alone: strangers lock nobody
 * out, not even by filling a set, for whom it has no room gets in. The table is ours; others on the host are left as they are.
 * `$ssh` is defined on the host, which alone knows its ports (`ssh_ports`).
 */
export const FIREWALL = `table inet dumont
delete table inet dumont
table inet dumont {
  set knocking4 {
    type ipv4_addr
    size 65536
    flags dynamic
    timeout 1m
  }
  set knocking6 {
    type ipv6_addr
    size 65536
    flags dynamic
    timeout 1m
  }
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    ct state invalid drop
    iif lo accept
    ip protocol icmp limit rate 20/second accept
    meta l4proto ipv6-icmp accept
    udp dport 546 ip6 saddr fe80::/10 accept
    tcp dport $ssh ct state new update @knocking4 { ip saddr ${TOO_OFTEN} } drop
    tcp dport $ssh ct state new update @knocking6 { ip6 saddr ${TOO_OFTEN} } drop
    tcp dport $ssh ct state new accept
  }
}
`;
