//! End to end: what a packet costs from the client to the server, over no filter at all.

use std::os::fd::OwnedFd;
use std::time::Duration;

use anyhow::ensure;

use crate::empty::Empty;
use crate::lab::{DEVICES, Lab};
use crate::ours::{Ours, Size};
use crate::peer::Peer;
use crate::report::{Form, Row};
use crate::rounds::{Rounds, interleave};
use crate::traffic::{self, ALLOWED, DENIED, Family};

/// Rounds of each row.
const ROUNDS: usize = 7;
/// Datagrams of one burst.
const PACKETS: u32 = 20_000;
/// How long each burst of TCP lasts.
const TIME: Duration = Duration::from_millis(140);
/// What the policies of a filter know beside the pair.
const SIZE: Size = Size { identities: 10_000, policies: 1000 };

/// What filters in the node while it is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Filter {
    /// Nothing: the floor.
    None,
    /// The floor again, under another name: what differs is noise.
    NoneAgain,
    /// Two hooks a device that only let pass.
    Empty,
    /// Those, and one at netfilter's FORWARD.
    EmptyForward,
    /// The least that filters by connection: two hooks that look one up, an empty one at FORWARD.
    Find,
    /// Podwall.
    Ours,
    /// Someone else.
    Peer(Peer),
}

const FILTERS: [Filter; 8] = [
    Filter::None,
    Filter::NoneAgain,
    Filter::Empty,
    Filter::EmptyForward,
    Filter::Find,
    Filter::Ours,
    Filter::Peer(Peer::Nft),
    Filter::Peer(Peer::Iptables),
];

/// A filter in place.
enum Installed {
    Nothing,
    Empty { _links: Vec<OwnedFd>, _program: Empty },
    Ours(Box<Ours>),
    Peer(Peer),
}

impl Filter {
    fn name(self) -> &'static str {
        match self {
            Filter::None => "no filter",
            Filter::NoneAgain => "no filter again (noise)",
            Filter::Empty => "two empty hooks",
            Filter::EmptyForward => "two empty hooks, one at FORWARD",
            Filter::Find => "two lookups, one empty hook at FORWARD (limit)",
            Filter::Ours => "podwall",
            Filter::Peer(peer) => peer.name(),
        }
    }

    fn install(self, lab: &Lab) -> anyhow::Result<Installed> {
        Ok(match self {
            Filter::None | Filter::NoneAgain => Installed::Nothing,
            Filter::Empty | Filter::EmptyForward | Filter::Find => {
                let program = Empty::load()?;
                let hook = if self == Filter::Find { "find" } else { "empty" };
                let links = lab.on_thread("node", || {
                    let mut links = Vec::new();
                    for device in DEVICES {
                        links.extend(program.hook(hook, device)?);
                    }
                    if self != Filter::Empty {
                        links.extend(program.hook_forward()?);
                    }
                    Ok(links)
                })?;
                Installed::Empty { _links: links, _program: program }
            }
            Filter::Ours => Installed::Ours(Box::new(Ours::start(lab, SIZE)?)),
            Filter::Peer(peer) => {
                peer.install(lab)?;
                Installed::Peer(peer)
            }
        })
    }

    fn denies(self) -> bool {
        match self {
            Filter::None
            | Filter::NoneAgain
            | Filter::Empty
            | Filter::EmptyForward
            | Filter::Find => false,
            Filter::Ours | Filter::Peer(_) => true,
        }
    }
}

impl Installed {
    fn remove(self, lab: &Lab) -> anyhow::Result<()> {
        match self {
            Installed::Nothing | Installed::Empty { .. } => Ok(()),
            Installed::Ours(ours) => ours.stop(lab),
            Installed::Peer(peer) => peer.remove(lab),
        }
    }
}

/// Measures every filter and prints the rows.
pub(crate) fn measure(lab: &Lab, form: Form) -> anyhow::Result<()> {
    for filter in FILTERS {
        prove(lab, filter)?;
    }
    let udp = rounds(lab, |lab| traffic::udp_flood(lab, Family::V4, PACKETS))?;
    for (filter, figures) in FILTERS.iter().zip(&udp).skip(1) {
        let target = (*filter == Filter::Ours).then_some(170.0);
        row(form, ("UDP, over no filter", filter.name()), &figures.less(&udp[0]), "ns", target)?;
    }
    let rr = rounds(lab, |lab| traffic::request_response(lab, Family::V4, TIME))?;
    ratios(form, "TCP_RR", &rr, 0.985)?;
    let crr = rounds(lab, |lab| traffic::connect_request_response(lab, Family::V4, TIME))?;
    ratios(form, "TCP_CRR", &crr, 0.975)
}

/// A filter that does not deny is not measured.
fn prove(lab: &Lab, filter: Filter) -> anyhow::Result<()> {
    let installed = filter.install(lab)?;
    for family in [Family::V4, Family::V6] {
        // Neighbours of a new link take a moment to find each other.
        let passes = (0..10).any(|_| traffic::reaches(lab, family, ALLOWED).unwrap_or(false));
        ensure!(passes, "{} does not let {family:?} pass", filter.name());
        let open = !filter.denies();
        ensure!(traffic::reaches(lab, family, DENIED)? == open, "{} is to deny", filter.name());
    }
    installed.remove(lab)
}

fn rounds(lab: &Lab, measure: impl Fn(&Lab) -> anyhow::Result<f64>) -> anyhow::Result<Vec<Rounds>> {
    interleave(ROUNDS, &mut FILTERS.clone(), |filter| {
        let installed = filter.install(lab)?;
        let figure = measure(lab);
        installed.remove(lab)?;
        figure
    })
}

fn ratios(form: Form, what: &str, figures: &[Rounds], target: f64) -> anyhow::Result<()> {
    for (filter, figure) in FILTERS.iter().zip(figures).skip(1) {
        let over = figure.over(&figures[0]);
        row(form, (&format!("{what}, to no filter (at least)"), filter.name()), &over, "x", None)?;
        if matches!(filter, Filter::Find | Filter::Ours) {
            let over = figure.over(&figures[2]);
            let name = format!("{what}, to two empty hooks (at least)");
            let target = (*filter == Filter::Ours).then_some(target);
            row(form, (&name, filter.name()), &over, "x", target)?;
        }
    }
    Ok(())
}

fn row(
    form: Form,
    (what, who): (&str, &str),
    rounds: &Rounds,
    unit: &'static str,
    target: Option<f64>,
) -> anyhow::Result<()> {
    let row = Row {
        name: format!("{what}: {who}"),
        value: rounds.median(),
        unit,
        target,
        peer: None,
        interval: rounds.interval(),
    };
    row.print(form)
}
