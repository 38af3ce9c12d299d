//! The node's own rules for services, as kube-proxy writes them: by nftables or by iptables.

use std::io::Write;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use podwall_host::Namespace;

/// How the node's rules for services are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proxy {
    Nftables,
    Iptables,
}

/// Whose source addresses the node replaces by its own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Masquerade {
    Nothing,
    Rewritten,
}

impl Proxy {
    /// What is sent to the first address goes to the second; connections begin anew.
    pub(crate) fn lead(
        self,
        node: &Namespace,
        ends: (SocketAddr, SocketAddr),
        masquerade: Masquerade,
    ) {
        match self {
            Proxy::Nftables => by_nftables(node, ends, masquerade),
            Proxy::Iptables => by_iptables(node, ends, masquerade),
        }
        forget_conntrack(node);
    }
}

fn by_nftables(node: &Namespace, (from, to): (SocketAddr, SocketAddr), masquerade: Masquerade) {
    let family = if to.is_ipv4() { "ip" } else { "ip6" };
    let (address, port) = (from.ip(), from.port());
    let post = match masquerade {
        Masquerade::Nothing => "",
        Masquerade::Rewritten => "ct status dnat masquerade",
    };
    nft(
        node,
        &format!(
            "flush ruleset\n\
             table {family} t {{\n\
             chain pre {{ type nat hook prerouting priority -100;\n\
             {family} daddr {address} meta l4proto {{ tcp, udp }} th dport {port} dnat to {to}\n}}\n\
             chain post {{ type nat hook postrouting priority 100; {post}\n}}\n}}\n"
        ),
    );
}

fn by_iptables(node: &Namespace, (from, to): (SocketAddr, SocketAddr), masquerade: Masquerade) {
    let tool = if to.is_ipv4() { "iptables-legacy" } else { "ip6tables-legacy" };
    let iptables = |words: &str| {
        let words: Vec<&str> =
            [tool, "-w", "-t", "nat"].into_iter().chain(words.split(' ')).collect();
        let done = enter(node, &words).status().expect("iptables is installed");
        assert!(done.success(), "{words:?}");
    };
    iptables("-F");
    let (address, port) = (from.ip(), from.port());
    for protocol in ["tcp", "udp"] {
        iptables(&format!(
            "-A PREROUTING -d {address} -p {protocol} --dport {port} \
                 -j DNAT --to-destination {to}"
        ));
    }
    if masquerade == Masquerade::Rewritten {
        iptables("-A POSTROUTING -m conntrack --ctstate DNAT -j MASQUERADE");
    }
}

fn nft(node: &Namespace, rules: &str) {
    let mut nft = enter(node, &["nft", "-f", "-"]);
    let mut child = nft.stdin(Stdio::piped()).spawn().expect("nft is installed");
    child.stdin.take().expect("it was asked for").write_all(rules.as_bytes()).expect("read");
    assert!(child.wait().expect("it ends").success(), "{rules}");
}

fn forget_conntrack(node: &Namespace) {
    let done = enter(node, &["conntrack", "-F"]).stderr(Stdio::null()).status();
    assert!(done.expect("conntrack is installed").success());
}

fn enter(namespace: &Namespace, command: &[&str]) -> Command {
    let mut enter = Command::new("nsenter");
    enter.arg(format!("--net={}", namespace.path().display())).args(command);
    enter
}
