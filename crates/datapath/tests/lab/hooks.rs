//! Hooks of older kernels: filters of clsact instead of tcx, `uplink` instead of netfilter.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use podwall_datapath::Settings;
use podwall_datapath::{Datapath, HookChoice, InterfaceHook, InterfaceKind, LeaveHook, LeaveKind};
use podwall_model::Direction;

use crate::lab::{Lab, arrives, rules};

fn disciplines(lab: &Lab) -> usize {
    let tc = || Command::new("tc").args(["qdisc", "show"]).output();
    let output = lab.in_node(tc).expect("tc is installed");
    String::from_utf8_lossy(&output.stdout).matches("clsact").count()
}

#[test]
fn clsact_and_uplinks_stop_and_let_pass_as_well() {
    let lab = Lab::new(3);
    let [friend, stranger, server] = [0, 1, 2].map(|index| &lab.workloads[index]);
    let hooks = HookChoice { interface: InterfaceHook::Clsact, leave: LeaveHook::Uplink };
    let settings = Settings { hooks, ..lab.settings() };
    let rule = rules::rule("db", Direction::Ingress);
    let shut = rules::ingress(rules::only(&[friend.identity], &rule, None));
    let open = rules::open_table();
    let wanted =
        lab.wanted(&[(open.clone(), open.clone()), (open.clone(), open), (shut.clone(), shut)]);
    for fresh in [true, false] {
        let (mut datapath, adopted) = lab.in_node(|| Datapath::open(&settings)).expect("opens");
        assert_eq!(adopted.fresh, fresh);
        assert_eq!(adopted.interface_kind, InterfaceKind::Clsact);
        assert_eq!(adopted.leave_kind, LeaveKind::Uplink);
        let applied = lab.in_node(|| datapath.apply(&wanted)).expect("it fits");
        assert_eq!(applied.writes > 0, fresh, "{applied:?}");
        let differences = lab.in_node(|| datapath.verify()).expect("the kernel can be read");
        assert_eq!(differences, Vec::<String>::new());
        for ip in [server.v4, server.v6] {
            let to = SocketAddr::new(ip, 7003);
            assert!(arrives(friend, server, to, Duration::from_secs(2)), "{ip}");
            assert!(!arrives(stranger, server, to, Duration::from_millis(300)), "{ip}");
        }
    }
    assert_eq!(disciplines(&lab), 3, "one for each workload; there is no other way out");
    let (datapath, _) = lab.in_node(|| Datapath::open(&settings)).expect("it opens");
    lab.in_node(|| datapath.remove()).expect("everything can be taken away");
    assert_eq!(disciplines(&lab), 0);
}

/// Somebody deletes the discipline, and with it our filters: the next `apply` puts them back.
#[test]
fn filters_that_somebody_took_off_are_put_back() {
    let lab = Lab::new(2);
    let [stranger, server] = [0, 1].map(|index| &lab.workloads[index]);
    let hooks = HookChoice { interface: InterfaceHook::Clsact, ..HookChoice::default() };
    let settings = Settings { hooks, ..lab.settings() };
    let rule = rules::rule("db", Direction::Ingress);
    let shut = rules::ingress(rules::only(&[server.identity], &rule, None));
    let open = rules::open_table();
    let wanted = lab.wanted(&[(open.clone(), open), (shut.clone(), shut)]);
    let (mut datapath, _) = lab.in_node(|| Datapath::open(&settings)).expect("it opens");
    lab.in_node(|| datapath.apply(&wanted)).expect("it fits");
    let to = SocketAddr::new(server.v4, 7004);
    assert!(!arrives(stranger, server, to, Duration::from_millis(300)));
    let delete = || Command::new("tc").args(["qdisc", "del", "dev", "pwl1", "clsact"]).status();
    assert!(lab.in_node(delete).expect("tc is installed").success());
    assert!(arrives(stranger, server, to, Duration::from_secs(2)), "nobody is there to stop it");
    lab.in_node(|| datapath.apply(&wanted)).expect("it fits");
    assert!(!arrives(stranger, server, to, Duration::from_millis(300)));
}
