//! Frames with random damage: each is counted once, none is dropped in detection, and where
//! everything is denied nothing passes but finding neighbours.

use std::net::IpAddr;

use podwall_model::{Reason, Verdict};

use crate::frame::{self, ACK, SYN};
use crate::node::{DENY, Node, Way, families, pod};

const FRAMES: u32 = 20_000;

/// Numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % end
    }
}

fn whole_frames(ends: (IpAddr, IpAddr)) -> Vec<Vec<u8>> {
    let mut frames = vec![
        frame::ip(ends, 6, &frame::tcp((40000, 80), SYN)),
        frame::ip(ends, 6, &frame::tcp((40000, 80), ACK)),
        frame::ip(ends, 17, &frame::udp((5000, 53))),
        frame::echo(ends, false, 7),
        frame::echo(ends, true, 7),
        frame::arp(1, [10, 0, 0, 1], [10, 0, 0, 254]),
    ];
    match ends.0 {
        IpAddr::V4(_) => {
            let piece = frame::v4(ends, 17, &[7; 8], (1, 0x2000), &frame::udp((1, 2)));
            frames.push(frame::ethernet(0x0800, &piece));
            let quote = frames[0][14..].to_vec();
            frames.push(frame::ip(ends, 1, &frame::icmp(3, 1, 0, &quote)));
        }
        IpAddr::V6(_) => {
            let mut chain = frame::extension(60, 0, 0);
            chain.extend(frame::extension(44, 0, 0));
            chain.extend(frame::piece(17, 0, 1, 9));
            chain.extend(frame::udp((1, 2)));
            frames.push(frame::ethernet(0x86dd, &frame::v6(ends, 0, &chain)));
            let quote = frames[0][14..].to_vec();
            frames.push(frame::ip(ends, 58, &frame::icmp(1, 0, 0, &quote)));
            frames.push(frame::ip(ends, 58, &frame::icmp(135, 0, 0, &[0; 16])));
        }
    }
    frames
}

/// Gives all frames, and says how many passed.
fn give_all(node: &Node, seed: u64) -> u64 {
    let mut numbers = Numbers(seed);
    let mut passed = 0;
    let both = families().map(|outside| {
        let own = pod(1, outside);
        [(Way::Out, whole_frames((own, outside))), (Way::In, whole_frames((outside, own)))]
    });
    for _ in 0..FRAMES {
        let (way, frames) = &both[numbers.below(2)][numbers.below(2)];
        let mut frame = frames[numbers.below(frames.len())].clone();
        for _ in 0..numbers.below(4) {
            let at = 12 + numbers.below(frame.len() - 12);
            frame[at] = u8::try_from(numbers.below(256)).expect("a byte");
        }
        passed += u64::from(node.give(*way, 1, &frame));
    }
    passed
}

fn sum(node: &Node, found: impl Fn(Verdict, Reason) -> bool) -> u64 {
    let all = node.counters().into_iter();
    all.filter(|((_, _, verdict, reason, _), _)| found(*verdict, *reason))
        .map(|(_, (packets, _))| packets)
        .sum()
}

#[test]
fn whatever_a_frame_holds_it_is_judged_and_counted_once() {
    let node = Node::new();
    node.table(1, &[(0, DENY, 0)], &[(0, DENY, 0)]);
    node.slot(1, 1, 1, 1);
    let passed = give_all(&node, 1);
    assert_eq!(sum(&node, |_, _| true), u64::from(FRAMES));
    assert_eq!(sum(&node, |verdict, _| verdict == Verdict::Dropped), u64::from(FRAMES) - passed);
    assert_eq!(sum(&node, |_, reason| reason == Reason::None), passed, "neighbours alone");
    assert!(passed > 0 && passed < u64::from(FRAMES) / 4, "{passed}");
    assert_eq!(node.count("pw_connections"), 0);
}

#[test]
fn whatever_a_frame_holds_detection_lets_it_pass() {
    let node = Node::new();
    node.table(1, &[], &[]);
    node.table(2, &[(0, DENY, 0)], &[(0, DENY, 0)]);
    node.slot(1, 1, 1, 2);
    assert_eq!(give_all(&node, 2), u64::from(FRAMES));
    assert_eq!(sum(&node, |_, _| true), u64::from(FRAMES));
    assert_eq!(sum(&node, |verdict, _| !verdict.passed()), 0);
}
