//! Connections: judged once, cached, judged again under another generation, and ended.

use podwall_model::Reason::{DefaultDeny, DenyRule, None as Nothing};
use podwall_model::Verdict::{Dropped, Forwarded, WouldAllow, WouldDrop};

use crate::frame::{self, ACK, FIN, RST, SYN};
use crate::node::{ALLOW, DENY, Node, Way, families, lane, pod};
use crate::tally::{egress, ingress};

const CLOSED: [(u32, u32, u32); 1] = [(0, DENY, 0)];

/// TCP to one port by rule 7, all else denied.
fn only_tcp(port: u16) -> [(u32, u32, u32); 3] {
    [(0, DENY, 0), (lane(6, port), ALLOW, 7), (lane(6, port) + 1, DENY, 0)]
}

#[test]
pub(crate) fn an_allowed_connection_passes_in_both_ways() {
    let node = Node::new();
    node.table(1, &only_tcp(80), &CLOSED);
    node.slot(1, 1, 1, 1);
    for outside in families() {
        let out = (pod(1, outside), outside);
        let back = (outside, pod(1, outside));
        let first = frame::ip(out, 6, &frame::tcp((40000, 80), SYN));
        node.expect((Way::Out, 1), &first, Forwarded, egress(Nothing, 7));
        let answer = frame::ip(back, 6, &frame::tcp((80, 40000), SYN | ACK));
        node.expect((Way::In, 1), &answer, Forwarded, egress(Nothing, 7));
        let data = frame::ip(out, 6, &frame::tcp((40000, 80), ACK));
        node.expect((Way::Out, 1), &data, Forwarded, egress(Nothing, 7));
        let other = frame::ip(back, 6, &frame::tcp((80, 40001), ACK));
        node.expect((Way::In, 1), &other, Dropped, ingress(DefaultDeny, 0));
        // The first step, and the last one, which holds for all that follows.
        for port in [79, 81, 0xffff] {
            let beside = frame::ip(out, 6, &frame::tcp((40000, port), SYN));
            node.expect((Way::Out, 1), &beside, Dropped, egress(DefaultDeny, 0));
        }
    }
    let kinds: Vec<u8> = node.events().iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [1, 2, 2, 2, 2, 1, 2, 2, 2, 2], "new once a family, the rest judged");
}

#[test]
pub(crate) fn a_denied_packet_leaves_no_connection() {
    let node = Node::new();
    node.table(1, &[(0, ALLOW, 3), (lane(17, 53), DENY, 4), (lane(17, 54), ALLOW, 3)], &[]);
    node.slot(1, 1, 1, 1);
    for outside in families() {
        let query = frame::ip((pod(1, outside), outside), 17, &frame::udp((5000, 53)));
        for _ in 0..3 {
            node.expect((Way::Out, 1), &query, Dropped, egress(DenyRule, 4));
        }
    }
    assert_eq!(node.count("pw_connections"), 0);
    assert_eq!(node.events().len(), 6);
}

#[test]
pub(crate) fn detection_drops_nothing_and_names_the_rule_that_would() {
    let node = Node::new();
    node.table(1, &[], &[]);
    node.table(2, &[(0, DENY, 9)], &CLOSED);
    node.slot(1, 1, 1, 2);
    for outside in families() {
        let out = frame::ip((pod(1, outside), outside), 6, &frame::tcp((1, 2), SYN));
        node.expect((Way::Out, 1), &out, WouldDrop, egress(DenyRule, 9));
        let inward = frame::ip((outside, pod(1, outside)), 17, &frame::udp((1, 2)));
        node.expect((Way::In, 1), &inward, WouldDrop, ingress(DefaultDeny, 0));
    }
}

#[test]
pub(crate) fn what_detection_would_open_is_dropped_and_said() {
    let node = Node::new();
    node.table(1, &CLOSED, &[]);
    node.table(2, &[(0, ALLOW, 5)], &[]);
    node.slot(1, 1, 1, 2);
    for outside in families() {
        let out = frame::ip((pod(1, outside), outside), 6, &frame::tcp((1, 2), SYN));
        node.expect((Way::Out, 1), &out, WouldAllow, egress(DefaultDeny, 0));
    }
}

#[test]
pub(crate) fn an_open_direction_names_the_rule_in_detection_that_allows() {
    let node = Node::new();
    node.table(1, &[], &[]);
    node.table(2, &[(0, ALLOW, 5)], &[]);
    node.slot(1, 1, 1, 2);
    for outside in families() {
        let out = frame::ip((pod(1, outside), outside), 6, &frame::tcp((1, 2), SYN));
        node.expect((Way::Out, 1), &out, Forwarded, egress(Nothing, 5));
    }
}

#[test]
pub(crate) fn another_generation_judges_again_on_the_next_packet() {
    let node = Node::new();
    node.table(1, &only_tcp(80), &CLOSED);
    node.table(2, &CLOSED, &CLOSED);
    for (round, outside) in (0..).zip(families()) {
        node.slot(1, 10 * round + 1, 1, 1);
        let out = (pod(1, outside), outside);
        let first = frame::ip(out, 6, &frame::tcp((40000, 80), SYN));
        let data = frame::ip(out, 6, &frame::tcp((40000, 80), ACK));
        let answer = frame::ip((outside, pod(1, outside)), 6, &frame::tcp((80, 40000), ACK));
        node.expect((Way::Out, 1), &first, Forwarded, egress(Nothing, 7));
        node.slot(1, 10 * round + 2, 2, 2);
        node.expect((Way::In, 1), &answer, Dropped, egress(DefaultDeny, 0));
        node.expect((Way::Out, 1), &data, Dropped, egress(DefaultDeny, 0));
        node.slot(1, 10 * round + 3, 1, 1);
        node.expect((Way::Out, 1), &data, Forwarded, egress(Nothing, 7));
        node.expect((Way::In, 1), &answer, Forwarded, egress(Nothing, 7));
        let kinds: Vec<u8> = node.events().iter().map(|event| event.kind).collect();
        assert_eq!(kinds, [1, 3, 3], "new, cut, allowed again");
    }
}

#[test]
pub(crate) fn both_ends_finished_is_told_once() {
    let node = Node::new();
    node.table(1, &[(0, ALLOW, 1)], &CLOSED);
    node.slot(1, 1, 1, 1);
    for outside in families() {
        let out = |flags| frame::ip((pod(1, outside), outside), 6, &frame::tcp((7, 80), flags));
        let back = |flags| frame::ip((outside, pod(1, outside)), 6, &frame::tcp((80, 7), flags));
        let told = egress(Nothing, 1);
        node.expect((Way::Out, 1), &out(SYN), Forwarded, told);
        node.expect((Way::In, 1), &back(SYN | ACK), Forwarded, told);
        node.expect((Way::Out, 1), &out(FIN | ACK), Forwarded, told);
        let kinds = || node.events().iter().map(|event| event.kind).collect::<Vec<u8>>();
        assert_eq!(kinds(), [1], "one end is not the end");
        node.expect((Way::In, 1), &back(FIN | ACK), Forwarded, told);
        node.expect((Way::Out, 1), &out(FIN | ACK), Forwarded, told);
        assert_eq!(kinds(), [4]);
        // A reset alone is one, too.
        let other = |flags| frame::ip((pod(1, outside), outside), 6, &frame::tcp((8, 80), flags));
        node.expect((Way::Out, 1), &other(SYN), Forwarded, told);
        node.expect((Way::Out, 1), &other(RST), Forwarded, told);
        assert_eq!(kinds(), [1, 4]);
    }
}

#[test]
pub(crate) fn a_begin_on_an_old_port_is_another_connection() {
    let node = Node::new();
    node.table(1, &[(0, ALLOW, 1)], &CLOSED);
    node.slot(1, 1, 1, 1);
    for outside in families() {
        let out = |flags| frame::ip((pod(1, outside), outside), 6, &frame::tcp((7, 80), flags));
        let back = |flags| frame::ip((outside, pod(1, outside)), 6, &frame::tcp((80, 7), flags));
        node.give(Way::Out, 1, &out(SYN));
        node.give(Way::Out, 1, &out(SYN));
        assert_eq!(node.events().len(), 1, "a packet sent again is nothing new");
        node.give(Way::In, 1, &back(SYN | ACK));
        node.give(Way::Out, 1, &out(SYN));
        assert_eq!(node.events().len(), 1);
        // The other end cannot begin one by the same ports.
        node.expect((Way::In, 1), &back(SYN), Dropped, ingress(DefaultDeny, 0));
        node.events();
    }
}

#[test]
pub(crate) fn a_full_quota_stops_where_it_is_enforced_and_nowhere_else() {
    let node = Node::new();
    node.table(1, &[(0, ALLOW, 1)], &[]);
    node.table(2, &[], &[]);
    node.put("pw_quotas", &1_u32, &podwall_datapath::abi::Quota { closed: 0, limit: 2, pad: 0 });
    node.slot(1, 1, 1, 1);
    let outside = families()[0];
    let to = |port| frame::ip((pod(1, outside), outside), 17, &frame::udp((port, 53)));
    node.expect((Way::Out, 1), &to(1), Forwarded, egress(Nothing, 1));
    node.expect((Way::Out, 1), &to(2), Forwarded, egress(Nothing, 1));
    let full = podwall_model::Reason::NoSlot;
    node.expect((Way::Out, 1), &to(3), Dropped, egress(full, 0));
    node.expect((Way::Out, 1), &to(2), Forwarded, egress(Nothing, 1));
    node.slot(1, 2, 2, 2);
    node.expect((Way::Out, 1), &to(3), Forwarded, egress(full, 0));
    node.slot(1, 3, 2, 1);
    node.expect((Way::Out, 1), &to(3), WouldDrop, egress(full, 0));
    node.put("pw_quotas", &1_u32, &podwall_datapath::abi::Quota { closed: 1, limit: 2, pad: 0 });
    node.slot(1, 4, 1, 1);
    node.expect((Way::Out, 1), &to(3), Forwarded, egress(Nothing, 1));
    assert_eq!(node.read::<u32, u64>("pw_opened", &1), Some(3));
}

#[test]
pub(crate) fn an_adopted_connection_is_judged_in_its_own_direction() {
    let node = Node::new();
    // Only the real direction is allowed: in on port 80.
    node.table(1, &CLOSED, &only_tcp(80));
    node.slot(1, 1, 1, 1);
    for outside in families() {
        let key = podwall_datapath::abi::ConnectionKey {
            pod: podwall_model::Address::from(pod(1, outside)).0,
            peer: podwall_model::Address::from(outside).0,
            pod_port: 80.into(),
            peer_port: 40000.into(),
            protocol: 6,
            ..Default::default()
        };
        let entry = podwall_datapath::abi::Connection {
            slot: 1,
            ifindex: node.devices[0],
            opener: podwall_datapath::abi::INGRESS,
            adopted: 1,
            ..Default::default()
        };
        node.put("pw_connections", &key, &entry);
        // The server speaks first.
        let data = frame::ip((pod(1, outside), outside), 6, &frame::tcp((80, 40000), ACK));
        node.expect((Way::Out, 1), &data, Forwarded, ingress(Nothing, 7));
        let other = frame::ip((pod(1, outside), outside), 6, &frame::tcp((80, 40001), ACK));
        node.expect((Way::Out, 1), &other, Dropped, egress(DefaultDeny, 0));
    }
}

#[test]
pub(crate) fn a_large_packet_counts_its_segments() {
    let node = Node::new();
    node.table(1, &[(0, ALLOW, 1)], &[]);
    node.slot(1, 1, 1, 1);
    let outside = families()[0];
    let frame = frame::ip((pod(1, outside), outside), 6, &frame::tcp((7, 80), ACK));
    assert!(node.give_large(Way::Out, 1, &frame, 5));
    let all: Vec<(u64, u64)> = node.counters().into_values().collect();
    assert_eq!(all, [(5, 44)]);
}

#[test]
pub(crate) fn a_slot_without_tables_passes_and_says_so() {
    let node = Node::new();
    let outside = families()[0];
    let out = frame::ip((pod(1, outside), outside), 6, &frame::tcp((7, 80), SYN));
    let not_ready = podwall_model::Reason::NotReady;
    node.expect((Way::Out, 1), &out, Forwarded, egress(not_ready, 0));
    node.table(1, &CLOSED, &CLOSED);
    node.slot(1, 1, 1, 1);
    let data = frame::ip((pod(1, outside), outside), 6, &frame::tcp((7, 80), ACK));
    node.expect((Way::Out, 1), &data, Dropped, egress(DefaultDeny, 0));
}

#[test]
pub(crate) fn a_mark_changes_nothing() {
    let node = Node::new();
    node.table(1, &CLOSED, &CLOSED);
    node.slot(1, 1, 1, 1);
    let outside = families()[0];
    let out = frame::ip((pod(1, outside), outside), 6, &frame::tcp((7, 80), SYN));
    for mark in [1, 0xffff_ffff, 0x9d00_0001] {
        assert!(!node.give_marked(Way::Out, 1, &out, mark));
    }
}

#[test]
pub(crate) fn events_told_and_lost_are_all_events() {
    let node = Node::new();
    node.table(1, &CLOSED, &CLOSED);
    node.slot(1, 1, 1, 1);
    let outside = families()[0];
    let out = frame::ip((pod(1, outside), outside), 6, &frame::tcp((7, 80), SYN));
    for _ in 0..2000 {
        node.give(Way::Out, 1, &out);
    }
    let (told, lost) = node.event_counts();
    assert!(lost > 0, "the ring is smaller than that");
    assert_eq!(told + lost, 2000);
    assert_eq!(node.events().len(), usize::try_from(told).expect("few"));
    let counted: u64 = node.counters().into_values().map(|(packets, _)| packets).sum();
    assert_eq!(counted, 2000);
}

#[test]
pub(crate) fn what_finds_no_counter_is_counted_all_the_same() {
    let sizes = std::collections::BTreeMap::from([("pw_counters", 3), ("pw_counter_ids", 3)]);
    let node = Node::sized(&sizes, Node::settings());
    node.table(1, &CLOSED, &CLOSED);
    node.table(2, &[(0, DENY, 1)], &[(0, DENY, 2)]);
    let outside = families()[0];
    let out = frame::ip((pod(1, outside), outside), 6, &frame::tcp((7, 80), SYN));
    let inward = frame::ip((outside, pod(1, outside)), 6, &frame::tcp((80, 7), SYN));
    for (generation, table) in [(1, 1), (2, 2)] {
        node.slot(1, generation, table, table);
        node.give(Way::Out, 1, &out);
        node.give(Way::In, 1, &inward);
    }
    let counted: u64 = node.counted().into_values().map(|(packets, _)| packets).sum();
    assert_eq!((counted, node.total(0).0), (2, 2));
}
