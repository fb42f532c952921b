/** In comes SSH, and nothing else that we did not ask for. The table is ours alone; others on the host are left as they are. */
export function firewall(sshPort: number): string {
  return `table inet dumont
delete table inet dumont
table inet dumont {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    ct state invalid drop
    iif lo accept
    ip protocol icmp limit rate 20/second accept
    meta l4proto ipv6-icmp accept
    udp dport 546 ip6 saddr fe80::/10 accept
    tcp dport ${sshPort} ct state new limit rate 30/minute burst 60 packets accept
  }
}
`;
}
