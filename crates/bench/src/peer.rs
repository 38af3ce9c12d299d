//! The peers in the node's namespace, each with the same policy: the client may reach one port of
//! the server, found in a set of 10,000 entries, and nothing else.

use std::fmt::Write;

use crate::lab::{CLIENT, Lab, SERVER};
use crate::traffic::ALLOWED;

/// How many entries the sets of nftables and ipset hold.
const SET: u32 = 10_000;

/// Someone else's filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// nftables: established first, then a set.
    Nft,
    /// iptables: established first, then an ipset.
    Iptables,
}

impl Peer {
    /// The name in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Peer::Nft => "nftables set + conntrack",
            Peer::Iptables => "iptables + ipset + conntrack",
        }
    }

    /// Puts it in place.
    pub(crate) fn install(self, lab: &Lab) -> anyhow::Result<()> {
        match self {
            Peer::Nft => install_nft(lab),
            Peer::Iptables => install_iptables(lab),
        }
    }

    /// Takes it away.
    pub(crate) fn remove(self, lab: &Lab) -> anyhow::Result<()> {
        match self {
            Peer::Nft => lab.in_node(&["nft", "delete", "table", "inet", "peer"]),
            Peer::Iptables => {
                // What stays of an empty table would be part of the floor.
                for family in ["ip", "ip6"] {
                    lab.in_node(&["nft", "delete", "table", family, "filter"])?;
                }
                lab.in_node(&["ipset", "destroy", "peer4"])?;
                lab.in_node(&["ipset", "destroy", "peer6"])
            }
        }
    }
}

/// Addresses that fill a set beside the one that matters.
fn others(family: usize) -> impl Iterator<Item = String> {
    (1..SET).map(move |n| match family {
        0 => format!("10.{}.{}.{}", 100 + (n >> 16), (n >> 8) & 255, n & 255),
        _ => format!("fd99::{n:x}"),
    })
}

fn install_nft(lab: &Lab) -> anyhow::Result<()> {
    let mut rules = String::from("table inet peer {\n");
    for (family, (name, kind)) in [("four", "ipv4_addr"), ("six", "ipv6_addr")].iter().enumerate() {
        let key = format!("type {kind} . {kind} . inet_service");
        let _ = write!(rules, "set {name} {{\n {key};\n elements = {{\n");
        let sources = others(family).chain([CLIENT[family].to_owned()]);
        for source in sources {
            let _ = writeln!(rules, "{source} . {} . {ALLOWED},", SERVER[family]);
        }
        rules.push_str("}\n}\n");
    }
    rules.push_str(
        "chain forward {\n type filter hook forward priority 0; policy drop;\n \
         ct state established,related accept\n \
         ip saddr . ip daddr . th dport @four accept\n \
         ip6 saddr . ip6 daddr . th dport @six accept\n \
         icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept\n}\n}\n",
    );
    let path = std::env::temp_dir().join(format!("podwall-bench-{}.nft", std::process::id()));
    std::fs::write(&path, rules)?;
    let result = lab.in_node(&["nft", "-f", &path.to_string_lossy()]);
    std::fs::remove_file(&path)?;
    result
}

fn install_iptables(lab: &Lab) -> anyhow::Result<()> {
    let mut sets = String::new();
    for (family, (name, inet)) in [("peer4", "inet"), ("peer6", "inet6")].iter().enumerate() {
        let _ = writeln!(sets, "create {name} hash:ip,port,ip family {inet} maxelem 65536");
        for source in others(family).chain([CLIENT[family].to_owned()]) {
            for protocol in ["tcp", "udp"] {
                let _ =
                    writeln!(sets, "add {name} {source},{protocol}:{ALLOWED},{}", SERVER[family]);
            }
        }
    }
    let path = std::env::temp_dir().join(format!("podwall-bench-{}.ipset", std::process::id()));
    std::fs::write(&path, sets)?;
    let result = lab.in_node(&["ipset", "restore", "-f", &path.to_string_lossy()]);
    std::fs::remove_file(&path)?;
    result?;
    for (command, set) in [("iptables-nft", "peer4"), ("ip6tables-nft", "peer6")] {
        let append = [command, "-A", "FORWARD", "-m"];
        let established = ["conntrack", "--ctstate", "ESTABLISHED,RELATED", "-j", "ACCEPT"];
        lab.in_node(&[&append[..], &established].concat())?;
        let matched = ["set", "--match-set", set, "src,dst,dst", "-j", "ACCEPT"];
        lab.in_node(&[&append[..], &matched].concat())?;
        lab.in_node(&[command, "-P", "FORWARD", "DROP"])?;
    }
    Ok(())
}
