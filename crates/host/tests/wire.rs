//! Wires of workloads on the real machine, as root: the bell that tells of changes, and both ends.

#![allow(clippy::unwrap_used)] // functions beside the tests are part of them

use std::fs;
use std::net::{IpAddr, UdpSocket};
use std::path::PathBuf;

use podwall_host::{Ends, LinkWatch, Made, Namespace, Network, Wire, made, wire};

/// A node and one workload on a wire, gone with the value.
struct Lab {
    directory: PathBuf,
    node: Namespace,
    workload: Namespace,
}

impl Lab {
    fn new(name: &str) -> Lab {
        let prefix = format!("pww{}{name}", std::process::id());
        let directory = std::env::temp_dir().join(&prefix);
        fs::create_dir_all(&directory).unwrap();
        let mut made = Made::open(&directory.join("made.json")).unwrap();
        let node = Namespace::create(&format!("{prefix}-node"), &mut made).unwrap();
        let workload = Namespace::create(&format!("{prefix}-web"), &mut made).unwrap();
        Lab { directory, node, workload }
    }

    fn connect(&self) -> Wire {
        let node = Network::open(&self.node).unwrap();
        node.add_veth("to-web", "eth0", &self.workload).unwrap();
        let inside = Network::open(&self.workload).unwrap();
        for (network, device, ip) in [(&node, "to-web", "10.9.0.1"), (&inside, "eth0", "10.9.0.2")]
        {
            network.add_address(device, ip.parse::<IpAddr>().unwrap(), 24).unwrap();
            network.bring_up(device).unwrap();
        }
        let interface = node.link("to-web").unwrap().index;
        Wire { namespace: self.workload.path().to_owned(), interface }
    }

    fn ends(&self, wire: &Wire) -> Ends {
        wire::compare(&self.node, std::slice::from_ref(wire)).unwrap().remove(0).unwrap()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let undone = made::undo_leftovers(&self.directory.join("made.json"));
        let _ = fs::remove_dir_all(&self.directory);
        if !std::thread::panicking() {
            assert!(undone.unwrap().left.is_empty());
        }
    }
}

#[test]
fn the_bell_rings_when_a_link_comes_and_only_then() {
    let lab = Lab::new("bell");
    let watch = lab.node.run(LinkWatch::here).unwrap().unwrap();
    assert!(!watch.heard().unwrap());
    lab.connect();
    assert!(watch.heard().unwrap());
    while watch.heard().unwrap() {}
    assert!(!watch.heard().unwrap());
}

#[test]
fn what_one_end_sends_the_other_receives() {
    let lab = Lab::new("ends");
    let wire = lab.connect();
    let before = lab.ends(&wire);
    let send = || {
        let socket = UdpSocket::bind("10.9.0.1:0").unwrap();
        for _ in 0..500 {
            socket.send_to(b"probe", "10.9.0.2:9").unwrap();
        }
    };
    lab.node.run(send).unwrap();
    let after = lab.ends(&wire);
    assert!(after.received - before.received >= 500, "{before:?} {after:?}");
    // The sender's end is read last, so that it never shows less than what arrived.
    assert!(after.sent >= after.received, "{after:?}");
}

#[test]
fn a_wire_whose_namespace_is_gone_has_no_ends() {
    let lab = Lab::new("gone");
    let wire = Wire { namespace: lab.directory.join("nothing"), interface: 1 };
    assert_eq!(wire::compare(&lab.node, &[wire]).unwrap(), [None]);
}
