//! Namespaces, links and mounts on the real machine, as root, and their undoing.

#![allow(clippy::unwrap_used)] // functions beside the tests are part of them

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use podwall_host::namespace::DIRECTORY;
use podwall_host::{
    AttachError, Attachment, Made, Namespace, Network, Outside, Process, Route, Thing, bpffs, made,
    namespaces_behind, process, sysctl,
};

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A directory and a prefix of names that no other test has; what the record names is undone when
/// it goes, also when the test failed.
struct Place {
    directory: PathBuf,
    prefix: String,
}

impl Place {
    fn new() -> Place {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("pwh{}x{number}", std::process::id());
        let directory = std::env::temp_dir().join(&prefix);
        fs::create_dir_all(&directory).unwrap();
        Place { directory, prefix }
    }

    fn record(&self) -> PathBuf {
        self.directory.join("made.json")
    }

    fn made(&self) -> Made {
        Made::open(&self.record()).unwrap()
    }

    fn name(&self, part: &str) -> String {
        format!("{}-{part}", self.prefix)
    }

    fn namespace(&self, part: &str, made: &mut Made) -> Namespace {
        Namespace::create(&self.name(part), made).unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let undone = made::undo_leftovers(&self.record());
        let _ = fs::remove_dir_all(&self.directory);
        if !std::thread::panicking() {
            assert!(undone.unwrap().left.is_empty());
        }
    }
}

fn connect(node: &Namespace, workload: &Namespace, outer: &str) -> u32 {
    let network = Network::open(node).unwrap();
    network.add_veth(outer, "eth0", workload).unwrap();
    network.bring_up(outer).unwrap();
    let inner = Network::open(workload).unwrap();
    inner.bring_up("eth0").unwrap();
    network.link(outer).unwrap().index
}

#[test]
fn a_workload_is_found_by_its_namespace_even_where_numbers_repeat() {
    let place = Place::new();
    let mut made = place.made();
    let node = place.namespace("node", &mut made);
    let first = place.namespace("a", &mut made);
    let second = place.namespace("b", &mut made);
    let to_first = connect(&node, &first, "first");
    let to_second = connect(&node, &second, "second");
    assert_ne!(to_first, to_second);
    for (workload, index) in [(&first, to_first), (&second, to_second)] {
        let by_path = Attachment::Netns(workload.path().to_owned());
        assert_eq!(by_path.resolve(&Outside::read(&node).unwrap()).unwrap(), index);
    }
    let by_name = Attachment::Interface("second".into());
    assert_eq!(by_name.resolve(&Outside::read(&node).unwrap()).unwrap(), to_second);
    let behind = namespaces_behind(&node, &[to_first, to_second].into()).unwrap();
    let paths = [(to_first, first.path().to_owned()), (to_second, second.path().to_owned())];
    assert_eq!(behind, paths.into());
}

#[test]
fn a_pair_that_ends_on_another_node_is_told_as_going_round() {
    let place = Place::new();
    let mut made = place.made();
    let node = place.namespace("node", &mut made);
    let elsewhere = place.namespace("far", &mut made);
    let workload = place.namespace("w", &mut made);
    let stranger = place.namespace("s", &mut made);
    // The same numbers at both ends, in two nodes: only the namespaces tell them apart.
    let far = connect(&elsewhere, &workload, "same");
    let near = connect(&node, &stranger, "same");
    assert_eq!(far, near);
    let error = Attachment::Netns(workload.path().to_owned())
        .resolve(&Outside::read(&node).unwrap())
        .unwrap_err();
    assert!(matches!(error, AttachError::GoesRound { .. }), "{error}");
    assert!(error.to_string().contains("delivery goes round the hooks"), "{error}");
}

#[test]
fn a_workload_without_a_veth_is_told_as_going_round() {
    let place = Place::new();
    let mut made = place.made();
    let node = place.namespace("node", &mut made);
    let workload = place.namespace("w", &mut made);
    let far = place.namespace("far", &mut made);
    connect(&node, &far, "uplink");
    let mut ip = Command::new("ip");
    ip.args(["link", "add", "link", "uplink", "name", "eth0", "netns", &place.name("w")]);
    ip.args(["type", "macvlan"]);
    assert!(process::spawn_in(&node, &mut ip).unwrap().wait().unwrap().success());
    let error = Attachment::Netns(workload.path().to_owned())
        .resolve(&Outside::read(&node).unwrap())
        .unwrap_err();
    assert!(error.to_string().contains("has `eth0` (macvlan)"), "{error}");
}

#[test]
fn an_interface_that_many_share_is_nobodys_wire() {
    let place = Place::new();
    let mut made = place.made();
    let node = place.namespace("node", &mut made);
    Network::open(&node).unwrap().add_bridge("shared").unwrap();
    for name in ["lo", "shared"] {
        let error =
            Attachment::Interface(name.into()).resolve(&Outside::read(&node).unwrap()).unwrap_err();
        assert!(matches!(error, AttachError::NoWire(_)), "{error}");
    }
    let error =
        Attachment::Interface("none".into()).resolve(&Outside::read(&node).unwrap()).unwrap_err();
    assert!(error.to_string().starts_with("no such interface: `none`"), "{error}");
}

#[test]
fn a_workload_without_a_wire_of_its_own_says_why() {
    let place = Place::new();
    let mut made = place.made();
    let node = place.namespace("node", &mut made);
    let bare = place.namespace("bare", &mut made);
    let resolve = |path: &Path| {
        Attachment::Netns(path.to_owned()).resolve(&Outside::read(&node).unwrap()).unwrap_err()
    };
    assert!(matches!(resolve(node.path()), AttachError::Shared(_)));
    assert!(matches!(resolve(bare.path()), AttachError::Unconnected(_)));
    let gone = Path::new(DIRECTORY).join(place.name("gone"));
    assert!(matches!(resolve(&gone), AttachError::Namespace(_)));
}

#[test]
fn packets_cross_a_pair_with_addresses_and_routes_of_both_families() {
    let place = Place::new();
    let mut made = place.made();
    let node = place.namespace("node", &mut made);
    let workload = place.namespace("w", &mut made);
    connect(&node, &workload, "outer");
    let (outside, inside) = (Network::open(&node).unwrap(), Network::open(&workload).unwrap());
    for (near, far, length) in [("10.9.0.1", "10.9.0.2", 32), ("fd09::1", "fd09::2", 128)] {
        let (near, far) = (near.parse().unwrap(), far.parse().unwrap());
        outside.add_address("outer", near, length).unwrap();
        inside.add_address("eth0", far, length).unwrap();
        let to = |ip, device| Route {
            destination: podwall_model::Cidr::host(ip),
            gateway: None,
            device,
        };
        outside.add_route(to(far, "outer")).unwrap();
        inside.add_route(to(near, "eth0")).unwrap();
        let listener = node.run(|| std::net::TcpListener::bind((near, 0)).unwrap()).unwrap();
        let port = listener.local_addr().unwrap().port();
        workload.run(|| std::net::TcpStream::connect((near, port)).unwrap()).unwrap();
    }
}

#[test]
fn a_setting_is_written_inside_the_namespace_alone() {
    let place = Place::new();
    let mut made = place.made();
    let node = place.namespace("node", &mut made);
    let read = || fs::read_to_string("/proc/sys/net/ipv4/ip_forward").unwrap();
    let before = read();
    let other = if before.trim() == "1" { "0" } else { "1" };
    sysctl::write(&node, &[("net/ipv4/ip_forward", other)]).unwrap();
    assert_eq!(node.run(read).unwrap().trim(), other);
    assert_eq!(read(), before);
    assert!(!sysctl::exists(&node, "net/ipv4/no_such_setting").unwrap());
}

#[test]
fn everything_in_the_record_is_undone_and_twice_is_as_good_as_once() {
    let place = Place::new();
    let mut made = place.made();
    let node = place.namespace("node", &mut made);
    let pins = place.directory.join("bpf");
    bpffs::mount_at(&pins, &mut made).unwrap();
    assert!(bpffs::is_mounted(&pins).unwrap());
    let mut command = Command::new("sleep");
    command.arg("600").stdin(Stdio::null());
    let mut child = process::spawn_in(&node, &mut command).unwrap();
    let program = Process::with_pid(child.id()).unwrap();
    made.record(Thing::Process(program)).unwrap();
    let inside = fs::read_link(format!("/proc/{}/ns/net", child.id())).unwrap();
    assert!(inside.to_string_lossy().contains(&node.inode().unwrap().to_string()));

    // As after a kill: the record in memory is lost, the one on the disk remains.
    drop(made);
    let undone = made::undo_leftovers(&place.record()).unwrap();
    assert!(undone.left.is_empty(), "{:?}", undone.left);
    assert!(!node.path().exists());
    assert!(!pins.exists());
    assert!(!program.is_alive());
    assert!(!place.record().exists());
    child.wait().unwrap();
    assert!(made::undo_leftovers(&place.record()).unwrap().undone.is_empty());
}

#[test]
fn a_namespace_of_somebody_else_is_neither_taken_nor_undone() {
    let place = Place::new();
    let mut theirs = Made::open(&place.directory.join("theirs.json")).unwrap();
    let namespace = place.namespace("x", &mut theirs);
    let mut made = place.made();
    let error = Namespace::create(&place.name("x"), &mut made).unwrap_err();
    assert!(error.to_string().starts_with("namespace exists already"), "{error}");
    made.undo().unwrap();
    assert!(namespace.path().exists());
    theirs.undo().unwrap();
    assert!(!namespace.path().exists());
}

#[test]
fn a_program_dies_with_the_thread_that_started_it() {
    let place = Place::new();
    let mut made = place.made();
    let node = place.namespace("node", &mut made);
    let start = || process::spawn_in(&node, Command::new("sleep").arg("600")).unwrap();
    let mut child = std::thread::scope(|scope| scope.spawn(start).join().unwrap());
    let status = child.wait().unwrap();
    assert!(!status.success());
}
