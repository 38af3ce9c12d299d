//! What a packet costs over an empty program, printed, with bounds that only a mistake exceeds:
//! the figures that count are `./dev bench datapath`'s, on a quiet machine.

use std::collections::BTreeMap;
use std::net::IpAddr;

use libbpf_rs::{ObjectBuilder, ProgramInput};

use crate::frame::{self, ACK, SYN};
use crate::node::{ALLOW, DENY, Node, Way, families, lane, pod};
use crate::object;

const EMPTY: &str = r#"
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("tc") int empty(struct __sk_buff *skb) { return -1; }
char _license[] SEC("license") = "GPL";
"#;

const REPEAT: u32 = 200_000;
const ROUNDS: usize = 7;

fn empty(frame: &[u8]) -> u128 {
    let open = ObjectBuilder::default().open_memory(&object::of(EMPTY)).expect("it opens");
    let object = open.load().expect("it loads");
    let program = object.progs_mut().next().expect("one program");
    let time = |_| {
        let input = ProgramInput { data_in: Some(frame), repeat: REPEAT, ..Default::default() };
        program.test_run(input).expect("it runs").duration.as_nanos()
    };
    (0..ROUNDS).map(time).min().expect("some rounds")
}

fn node() -> Node {
    let sizes = BTreeMap::from([("pw_counters", 1024), ("pw_counter_ids", 1024)]);
    let node = Node::sized(&sizes, Node::settings());
    let steps = [(0, DENY, 0), (lane(6, 80), ALLOW, 6), (lane(6, 81), DENY, 0)];
    node.table(1, &steps, &[(0, DENY, 0)]);
    node.slot(1, 1, 1, 1);
    node.put(
        "pw_quotas",
        &1_u32,
        &podwall_datapath::abi::Quota { closed: 0, limit: 1_000_000, pad: 0 },
    );
    node
}

fn best(mut one: impl FnMut() -> u128) -> u128 {
    (0..ROUNDS).map(|_| one()).min().expect("some rounds")
}

/// New flows: one run each, so the time is the kernel's own for a single run, floor included.
fn new_flow(node: &Node, ends: (IpAddr, IpAddr)) -> u128 {
    let mut times: Vec<u128> = (1..2000)
        .map(|port| {
            let first = frame::ip(ends, 6, &frame::tcp((port, 80), SYN));
            node.time(Way::Out, 1, &first, 1)
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}

#[test]
fn a_packet_costs_little_over_an_empty_program() {
    for outside in families() {
        let (out, back) = ((pod(1, outside), outside), (outside, pod(1, outside)));
        let node = node();
        let data = frame::ip(out, 6, &frame::tcp((40000, 80), ACK));
        let answer = frame::ip(back, 6, &frame::tcp((80, 40000), ACK));
        let denied = frame::ip(out, 6, &frame::tcp((40000, 81), SYN));
        assert!(node.give(Way::Out, 1, &data) && node.give(Way::In, 1, &answer));
        let floor = empty(&data);
        let over = |time: u128| i128::try_from(time).expect("short") - floor as i128;
        let sent = over(best(|| node.time(Way::Out, 1, &data, REPEAT)));
        let received = over(best(|| node.time(Way::In, 1, &answer, REPEAT)));
        let refused = over(best(|| {
            let time = node.time(Way::Out, 1, &denied, 20_000);
            node.events();
            time
        }));
        let first = over(new_flow(&node, out));
        println!(
            "{outside}: floor {floor} ns; over it: sent {sent}, received {received}, \
             denied {refused}, new flow {first} (single runs)"
        );
        assert!(sent < 200 && received < 200, "established: {sent}, {received}");
        assert!(refused < 2000, "denied: {refused}");
    }
}
