//! Pinned state: the next process adopts it, or leaves alone what it does not understand.

use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use libbpf_rs::{MapCore, MapFlags, MapHandle};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use podwall_datapath::{
    ApplyError, Capacity, Datapath, OpenError, PlanError, Settings, TooLarge, Wanted,
};
use podwall_model::{Direction, Protocol};
use podwall_policy::table::Lane;

use crate::lab::{Lab, arrives, rules};

const PORT: u16 = 5432;

/// The third workload lets only the first in.
fn guarded(lab: &Lab) -> Wanted {
    let rule = rules::rule("db", Direction::Ingress);
    let lane = Lane::new(Protocol::UDP, PORT);
    let shut = rules::ingress(rules::only(&[lab.workloads[0].identity], &rule, Some(lane)));
    let open = rules::open_table();
    lab.wanted(&[(open.clone(), open.clone()), (open.clone(), open), (shut.clone(), shut)])
}

fn assert_in_force(lab: &Lab) {
    let [friend, stranger, server] = [0, 1, 2].map(|index| &lab.workloads[index]);
    for ip in [server.v4, server.v6] {
        let to = SocketAddr::new(ip, PORT);
        assert!(arrives(friend, server, to, Duration::from_secs(2)), "{ip}");
        assert!(!arrives(stranger, server, to, Duration::from_millis(300)), "{ip}");
    }
}

fn in_force() -> Lab {
    let lab = Lab::new(3);
    let mut datapath = lab.open();
    let wanted = guarded(&lab);
    lab.in_node(|| datapath.apply(&wanted)).expect("it fits");
    lab
}

fn open(lab: &Lab, settings: &Settings) -> Result<Datapath, OpenError> {
    lab.in_node(|| Datapath::open(settings)).map(|(datapath, _)| datapath)
}

fn about(lab: &Lab) -> MapHandle {
    MapHandle::from_pinned_path(lab.settings().pins.join("maps/pw_about")).expect("it is pinned")
}

fn set_layout(lab: &Lab, layout: u32) {
    let about = about(lab);
    let key = 0u32.to_ne_bytes();
    let mut value = about.lookup(&key, MapFlags::ANY).expect("a map").expect("an array");
    value[..4].copy_from_slice(&layout.to_ne_bytes());
    about.update(&key, &value, MapFlags::ANY).expect("an array can be written");
}

#[test]
fn the_next_process_adopts_everything_and_has_nothing_to_write() {
    let lab = in_force();
    let settings = lab.settings();
    let (mut datapath, adopted) = lab.in_node(|| Datapath::open(&settings)).expect("it opens");
    let wanted = guarded(&lab);
    assert!(!adopted.fresh);
    assert_eq!(adopted.identities, wanted.identities);
    assert_eq!(adopted.rules, 1);
    let names: Vec<_> = adopted.endpoints.iter().map(|endpoint| &endpoint.workload).collect();
    assert_eq!(names, lab.workloads.iter().map(|workload| &workload.name).collect::<Vec<_>>());
    let applied = lab.in_node(|| datapath.apply(&wanted)).expect("it fits");
    assert_eq!((applied.writes, applied.generation), (0, adopted.generation));
    assert_eq!(datapath.verify().expect("the kernel can be read"), Vec::<String>::new());
    assert_in_force(&lab);
}

#[test]
fn another_layout_is_left_in_force_and_named() {
    let lab = in_force();
    set_layout(&lab, 99);
    let links = lab.settings().pins.join("links");
    let before = fs::read_dir(&links).expect("links are pinned").count();
    let error = open(&lab, &lab.settings()).expect_err("it is not ours");
    assert!(matches!(error, OpenError::LayoutUnknown { found: 99, .. }), "{error}");
    assert!(error.to_string().contains("layout 99"), "{error}");
    assert_eq!(fs::read_dir(&links).expect("links are pinned").count(), before);
    assert_in_force(&lab);
    set_layout(&lab, podwall_datapath::abi::LAYOUT);
    open(&lab, &lab.settings()).expect("it is ours again");
}

#[test]
fn state_that_lacks_a_map_is_left_in_force() {
    let lab = in_force();
    let rows = lab.settings().pins.join("maps/pw_rows");
    fs::remove_file(&rows).expect("it can be unpinned");
    let error = open(&lab, &lab.settings()).expect_err("it is damaged");
    assert!(matches!(&error, OpenError::Damaged(what) if what.contains("pw_rows")), "{error}");
    assert_in_force(&lab);
}

#[test]
fn what_was_broken_off_before_it_was_whole_is_made_anew() {
    let lab = Lab::new(3);
    drop(lab.open());
    set_layout(&lab, 0);
    let settings = lab.settings();
    let (mut datapath, adopted) = lab.in_node(|| Datapath::open(&settings)).expect("it opens");
    assert!(adopted.fresh);
    let wanted = guarded(&lab);
    lab.in_node(|| datapath.apply(&wanted)).expect("it fits");
    assert_in_force(&lab);
}

#[test]
fn what_does_not_fit_is_refused_before_anything_is_written() {
    let lab = Lab::new(3);
    let capacity = Capacity { rows: 1, ..Capacity::default() };
    let mut datapath = open(&lab, &Settings { capacity, ..lab.settings() }).expect("it opens");
    let wanted = guarded(&lab);
    lab.in_node(|| datapath.apply(&wanted)).expect("one row fits");
    let rule = rules::rule("more", Direction::Ingress);
    let peers: Vec<_> = lab.workloads.iter().map(|workload| workload.identity).collect();
    let table = rules::ingress(rules::only(&peers, &rule, None));
    let more = lab.wanted(&vec![(table.clone(), table); 3]);
    let error = lab.in_node(|| datapath.apply(&more)).expect_err("three rows do not");
    let ApplyError::Plan(PlanError::TooLarge(TooLarge { what, needed, capacity })) = error else {
        panic!("{error}");
    };
    assert_eq!((what, needed, capacity), ("rows", 4, 1), "old and new stand side by side");
    assert_eq!(datapath.verify().expect("the kernel can be read"), Vec::<String>::new());
    assert_eq!(lab.in_node(|| datapath.apply(&wanted)).expect("it is in force").writes, 0);
    assert_in_force(&lab);
}

#[test]
fn taken_away_nothing_is_left() {
    let lab = in_force();
    let pins = lab.settings().pins;
    let maps = fs::read_dir(pins.join("maps")).expect("maps are pinned");
    let ids: Vec<u32> = maps
        .map(|entry| {
            let map = MapHandle::from_pinned_path(entry.expect("a pin").path()).expect("a map");
            map.info().expect("a map can be asked").info.id
        })
        .collect();
    assert!(ids.len() > 15);
    let datapath = lab.open();
    lab.in_node(|| datapath.remove()).expect("everything can be taken away");
    assert_eq!(fs::read_dir(&pins).expect("the directory stays").count(), 0);
    let end = Instant::now() + Duration::from_secs(60);
    while ids.iter().any(|id| MapHandle::from_map_id(*id).is_ok()) {
        assert!(Instant::now() < end, "a map outlives its pin: somebody holds it");
    }
    let [_, stranger, server] = [0, 1, 2].map(|index| &lab.workloads[index]);
    assert!(arrives(stranger, server, SocketAddr::new(server.v4, PORT), Duration::from_secs(2)));
}

#[test]
fn a_directory_that_is_no_bpffs_is_said() {
    let lab = Lab::new(0);
    let settings = Settings::new(std::env::temp_dir().join(format!("pwno{}", std::process::id())));
    let error = open(&lab, &settings).expect_err("it is no bpffs");
    assert!(matches!(error, OpenError::NotBpffs(_)), "{error}");
    assert!(error.to_string().contains("hint: mount one there"), "{error}");
    fs::remove_dir(&settings.pins).expect("nothing was made in it");
}

/// Opens the datapath on a thread that `spoil` has changed, and says why it does not open.
fn open_spoilt(lab: &Lab, spoil: impl FnOnce() + Send) -> OpenError {
    let settings = lab.settings();
    lab.in_node(|| {
        spoil();
        Datapath::open(&settings).map(drop).expect_err("it does not open")
    })
}

#[test]
fn hidden_type_information_is_said_and_enforcement_stays() {
    let lab = in_force();
    let error = open_spoilt(&lab, || {
        let none = None::<&str>;
        unshare(CloneFlags::CLONE_NEWNS).expect("a thread may have mounts of its own");
        mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).expect("kept apart");
        mount(Some("hidden"), "/sys/kernel/btf", Some("tmpfs"), MsFlags::empty(), none)
            .expect("it can be hidden");
    });
    assert!(matches!(error, OpenError::NoTypes(_)), "{error}");
    assert!(error.to_string().contains("hint: a kernel with CONFIG_DEBUG_INFO_BTF"), "{error}");
    assert_in_force(&lab);
}

#[test]
fn who_is_not_root_is_told_so_and_enforcement_stays() {
    const NOBODY: libc::c_long = 65534;
    let lab = in_force();
    let error = open_spoilt(&lab, || {
        // SAFETY: numbers only. The bare call changes this thread alone, which ends here.
        let result = unsafe { libc::syscall(libc::SYS_setresuid, -1, NOBODY, -1) };
        assert_eq!(result, 0);
    });
    assert!(matches!(error, OpenError::NotRoot), "{error}");
    assert!(error.to_string().contains("hint: run as root"), "{error}");
    assert_in_force(&lab);
}
