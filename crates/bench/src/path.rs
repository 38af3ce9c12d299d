//! End to end: what a packet costs from the client to the server, over no filter at all.

use std::time::Duration;

use anyhow::ensure;

use crate::lab::Lab;
use crate::peer::Peer;
use crate::report::{Form, Row};
use crate::rounds::{Rounds, interleave};
use crate::traffic::{self, ALLOWED, DENIED, Family};

/// Rounds of each row.
const ROUNDS: usize = 7;
/// Datagrams of one flood.
const PACKETS: u32 = 100_000;
/// How long each TCP measurement runs.
const TIME: Duration = Duration::from_millis(700);

/// What filters in the node while it is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Filter {
    /// Nothing: the floor.
    None,
    /// The floor again, under another name: what differs is noise.
    NoneAgain,
    /// A peer.
    Peer(Peer),
}

impl Filter {
    fn name(self) -> &'static str {
        match self {
            Filter::None => "no filter",
            Filter::NoneAgain => "no filter again (noise)",
            Filter::Peer(peer) => peer.name(),
        }
    }

    fn install(self, lab: &Lab) -> anyhow::Result<()> {
        match self {
            Filter::None | Filter::NoneAgain => Ok(()),
            Filter::Peer(peer) => peer.install(lab),
        }
    }

    fn remove(self, lab: &Lab) -> anyhow::Result<()> {
        match self {
            Filter::None | Filter::NoneAgain => Ok(()),
            Filter::Peer(peer) => peer.remove(lab),
        }
    }
}

/// Measures every filter and prints the rows.
pub(crate) fn measure(form: Form) -> anyhow::Result<()> {
    let lab = Lab::new()?;
    let mut filters =
        [Filter::None, Filter::NoneAgain, Filter::Peer(Peer::Nft), Filter::Peer(Peer::Iptables)];
    for filter in filters {
        prove(&lab, filter)?;
    }
    let udp = rounds(&lab, &mut filters, |lab| traffic::udp_flood(lab, Family::V4, PACKETS))?;
    for (filter, figures) in filters.iter().zip(&udp).skip(1) {
        let over = figures.less(&udp[0]);
        row(form, format!("UDP, over no filter: {}", filter.name()), &over, "ns")?;
    }
    let rr = rounds(&lab, &mut filters, |lab| traffic::request_response(lab, Family::V4, TIME))?;
    ratios(form, "TCP_RR", &filters, &rr)?;
    let crr =
        rounds(&lab, &mut filters, |lab| traffic::connect_request_response(lab, Family::V4, TIME))?;
    ratios(form, "TCP_CRR", &filters, &crr)
}

/// A filter that does not deny is not measured.
fn prove(lab: &Lab, filter: Filter) -> anyhow::Result<()> {
    filter.install(lab)?;
    for family in [Family::V4, Family::V6] {
        // Neighbours of a new link take a moment to find each other.
        let passes = (0..10).any(|_| traffic::reaches(lab, family, ALLOWED).unwrap_or(false));
        ensure!(passes, "{} does not let {family:?} pass", filter.name());
        let open = matches!(filter, Filter::None | Filter::NoneAgain);
        ensure!(
            traffic::reaches(lab, family, DENIED)? == open,
            "{} is to deny a port",
            filter.name()
        );
    }
    filter.remove(lab)
}

fn rounds(
    lab: &Lab,
    filters: &mut [Filter],
    measure: impl Fn(&Lab) -> anyhow::Result<f64>,
) -> anyhow::Result<Vec<Rounds>> {
    interleave(ROUNDS, filters, |filter| {
        filter.install(lab)?;
        let figure = measure(lab);
        filter.remove(lab)?;
        figure
    })
}

fn ratios(form: Form, what: &str, filters: &[Filter], figures: &[Rounds]) -> anyhow::Result<()> {
    for (filter, figure) in filters.iter().zip(figures).skip(1) {
        row(
            form,
            format!("{what}, to no filter: {}", filter.name()),
            &figure.over(&figures[0]),
            "x",
        )?;
    }
    Ok(())
}

fn row(form: Form, name: String, rounds: &Rounds, unit: &'static str) -> anyhow::Result<()> {
    let row = Row {
        name,
        value: rounds.median(),
        unit,
        target: None,
        peer: None,
        interval: rounds.interval(),
    };
    row.print(form)
}
