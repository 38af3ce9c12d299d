//! Frames that a workload writes by hand on its own wire, where the kernel has them in its own
//! form: tags taken out of the frame, frames of another kind, packets cut short.

use std::collections::BTreeMap;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use nix::sys::socket::{
    AddressFamily, LinkAddr, MsgFlags, SockFlag, SockType, SockaddrLike, sendto, socket,
};
use podwall_model::{Direction, Reason, Verdict};
use podwall_policy::table::{Half, Table};
use std::sync::Arc;

use crate::lab::{Lab, Workload, rules};

/// An Ethernet frame to everybody.
fn frame(kind: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0xff; 6];
    frame.extend([2, 0, 0, 0, 0, 9]);
    frame.extend(kind.to_be_bytes());
    frame.extend(payload);
    frame
}

fn send(workload: &Workload, frame: &[u8]) {
    let sent = workload.namespace.run(|| {
        let made = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, None)?;
        let index = nix::net::if_::if_nametoindex("eth0")?;
        // SAFETY: all zeroes is a value of the struct.
        let mut to: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
        to.sll_family = libc::AF_PACKET as u16;
        to.sll_ifindex = index.cast_signed();
        to.sll_halen = 6;
        // SAFETY: the address is a whole `sockaddr_ll`, and its size is given.
        let to = unsafe {
            LinkAddr::from_raw(
                (&raw const to).cast(),
                Some(size_of::<libc::sockaddr_ll>() as libc::socklen_t),
            )
        };
        let to = to.expect("a link address");
        sendto(made.as_raw_fd(), frame, &to, MsgFlags::empty())
    });
    sent.expect("a workload can be entered").expect("a frame can be sent");
}

/// A UDP packet of the workload, whole.
fn packet(workload: &Workload) -> Vec<u8> {
    let std::net::IpAddr::V4(own) = workload.v4 else { panic!("an IPv4 address") };
    let mut ip = vec![0x45, 0, 0, 32, 0, 1, 0, 0, 64, 17, 0, 0];
    ip.extend(own.octets());
    ip.extend([198, 51, 100, 1]);
    ip.extend([0x13, 0x88, 0, 53, 0, 12, 0, 0]);
    ip.extend(*b"data");
    ip
}

#[test]
fn frames_written_by_hand_are_stopped_with_their_reason() {
    let lab = Lab::new(2);
    let writer = &lab.workloads[0];
    let mut datapath = lab.open();
    let open = rules::open_table();
    let everyone =
        Half { isolated: true, ..rules::only(&[], &rules::rule("out", Direction::Egress), None) };
    let closed = Arc::new(Table::of(Half::open(), everyone));
    let ip = packet(writer);
    let tagged = |tag: u16| [&tag.to_be_bytes()[..], &[8, 0], &ip].concat();
    let frames: [(Vec<u8>, Reason); 9] = [
        (frame(0x8100, &tagged(7)), Reason::Vlan),
        (frame(0x8100, &tagged(0)), Reason::Vlan),
        (frame(0x88a8, &[&[0, 5, 0x81, 0][..], &tagged(7)].concat()), Reason::Vlan),
        (frame(0x0026, &[0x42; 40]), Reason::NotIp),
        (frame(0x88f7, &[0; 40]), Reason::NotIp),
        (frame(0x8847, &[0; 40]), Reason::NotIp),
        (frame(0x0800, &ip[..10]), Reason::Truncated),
        (frame(0x0800, &ip[..31]), Reason::Truncated),
        (frame(0x86dd, &[0x60, 0, 0, 0, 0, 0]), Reason::Truncated),
    ];
    for (enforce, both, verdict) in [
        (closed.clone(), closed.clone(), Verdict::Dropped),
        (open.clone(), closed, Verdict::WouldDrop),
        (open.clone(), open.clone(), Verdict::Forwarded),
    ] {
        let wanted = lab.wanted(&[(enforce, both), (open.clone(), open.clone())]);
        lab.in_node(|| datapath.apply(&wanted)).expect("it fits");
        let mut expected: BTreeMap<Reason, u64> = BTreeMap::new();
        for (frame, reason) in &frames {
            send(writer, frame);
            *expected.entry(*reason).or_default() += 1;
        }
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let counted: BTreeMap<Reason, u64> = datapath
                .counters()
                .expect("counters can be read")
                .into_iter()
                .filter(|c| c.workload.as_ref() == Some(&writer.name))
                .filter(|c| c.verdict == verdict && expected.contains_key(&c.reason))
                .map(|c| (c.reason, c.packets))
                .collect();
            if counted == expected {
                break;
            }
            assert!(Instant::now() < end, "{verdict}: {counted:?}, expected {expected:?}");
            std::thread::yield_now();
        }
    }
    lab.in_node(|| datapath.remove()).expect("everything can be taken away");
}
