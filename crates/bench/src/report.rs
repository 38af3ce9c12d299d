//! The rows of a run, as a table for people or one JSON object a line.

use serde::Serialize;

/// One figure.
#[derive(Serialize)]
pub(crate) struct Row {
    /// What was measured.
    pub(crate) name: String,
    /// The figure, the median of its rounds.
    pub(crate) value: f64,
    /// Its unit.
    pub(crate) unit: &'static str,
    /// What it should be at most, or at least where the name says so.
    pub(crate) target: Option<f64>,
    /// The peer it is held against, if any.
    pub(crate) peer: Option<&'static str>,
    /// The 95 % interval of the median.
    pub(crate) interval: (f64, f64),
}

/// How rows are printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A table.
    Text,
    /// One object a line.
    Json,
}

impl Row {
    /// Prints it at once, so that a long run shows progress.
    pub(crate) fn print(&self, form: Form) -> anyhow::Result<()> {
        if form == Form::Json {
            println!("{}", serde_json::to_string(self)?);
            return Ok(());
        }
        let target = self.target.map_or(String::new(), |target| format!("target {target}"));
        let peer = self.peer.map_or(String::new(), |peer| format!("against {peer}"));
        println!(
            "{:<58} {:>10.3} {:<8} [{:.3}, {:.3}] {target} {peer}",
            self.name, self.value, self.unit, self.interval.0, self.interval.1
        );
        Ok(())
    }
}
