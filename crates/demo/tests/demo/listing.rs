//! A machine's network, mounts and processes, written down whole, to be compared.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// What a machine has.
pub(crate) struct Listing {
    network: BTreeMap<String, String>,
    settings: BTreeMap<String, String>,
    mounts: Vec<String>,
    namespaces: Vec<String>,
    pub(crate) processes: Vec<String>,
}

/// What shows links, addresses, routes, rules and translation.
const QUESTIONS: [&[&str]; 6] = [
    &["ip", "-details", "link"],
    &["ip", "address"],
    &["ip", "route", "show", "table", "all"],
    &["ip", "-6", "route", "show", "table", "all"],
    &["ip", "rule"],
    &["nft", "list", "ruleset"],
];

impl Listing {
    pub(crate) fn take() -> Listing {
        let mut settings = BTreeMap::new();
        read_settings(Path::new("/proc/sys/net"), &mut settings);
        Listing {
            network: QUESTIONS.iter().map(|words| (words.join(" "), answer(words))).collect(),
            settings,
            mounts: mounts(),
            namespaces: names_in("/run/netns"),
            processes: processes(),
        }
    }

    /// All of it is as it was.
    pub(crate) fn assert_same(&self) {
        let now = Listing::take();
        self.assert_same_network();
        // A mount that was copied from the real machine goes when its directory is removed there.
        let new: Vec<&String> =
            now.mounts.iter().filter(|line| !self.mounts.contains(line)).collect();
        assert!(new.is_empty(), "{new:?}");
        assert_eq!(self.namespaces, now.namespaces);
        assert_eq!(self.processes, now.processes);
    }

    /// The machine's own namespace is as it was, whatever runs in others.
    pub(crate) fn assert_same_network(&self) {
        let now = Listing::take();
        assert_eq!(self.network, now.network);
        assert_eq!(self.settings, now.settings);
    }

    /// Something else than the network differs, so that the comparison is one that can tell.
    pub(crate) fn assert_more(&self) {
        let now = Listing::take();
        assert!(now.namespaces.len() > self.namespaces.len());
        assert_ne!(self.mounts, now.mounts);
        assert!(now.processes.len() > self.processes.len());
    }
}

fn answer(words: &[&str]) -> String {
    let output = Command::new(words[0]).args(&words[1..]).output();
    let output = output.expect("these tests need the packages iproute2 and nftables");
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// All settings that say what the machine does, not what it just did.
fn read_settings(directory: &Path, settings: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_settings(&path, settings);
        } else if !path.ends_with("nf_conntrack_count") {
            let value = fs::read_to_string(&path).unwrap_or_default();
            settings.insert(path.display().to_string(), value);
        }
    }
}

fn mounts() -> Vec<String> {
    let text = fs::read_to_string("/proc/self/mountinfo").unwrap();
    text.lines().map(str::to_owned).collect()
}

fn names_in(directory: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory) else {
        return vec!["no such directory".into()];
    };
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The number and command line of every process that runs.
pub(crate) fn processes() -> Vec<String> {
    let numbers = names_in("/proc").into_iter().filter_map(|name| name.parse::<u32>().ok());
    let running = numbers.filter_map(|pid| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).ok().filter(|line| !line.is_empty())?;
        Some(format!("{pid} {}", String::from_utf8_lossy(&line).replace('\0', " ")))
    });
    running.collect()
}
