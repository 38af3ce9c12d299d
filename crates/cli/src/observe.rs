//! `podwall observe`: flows, once or as they happen.

use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use podwall_wire::csv;
use podwall_wire::rest::{Flow, Flows};

use crate::arguments::{Observe, Output, Verdict};
use crate::client::{Client, block_on, encoded};
use crate::line;

/// How many flows are shown where nobody says.
const USUAL: usize = 20;
/// The most flows the API gives at once.
const PAGE: usize = 5_000;
/// How often new flows are asked for.
const PAUSE: Duration = Duration::from_millis(250);

/// Shows flows.
pub(crate) fn run(state: &Path, arguments: &Observe) -> anyhow::Result<()> {
    block_on(show(&Client::new(state), arguments))
}

async fn show(client: &Client, arguments: &Observe) -> anyhow::Result<()> {
    let question = question(arguments, now_ms());
    let mut out = io::stdout().lock();
    let number = match (arguments.last, arguments.since, arguments.follow) {
        (Some(last), _, _) => last,
        (None, Some(_), _) => usize::MAX,
        (None, None, true) => 0,
        (None, None, false) => USUAL,
    };
    // Before the first look, so that nothing falls between it and the following.
    let mut newest = newest(client).await?;
    match arguments.output {
        Output::Table => line::head(&mut out)?,
        Output::Csv => out.write_all(csv::FLOW_HEAD.as_bytes())?,
        Output::Compact | Output::Json | Output::Jsonpb => {}
    }
    let mut flows = last(client, &question, number, newest).await?;
    flows.reverse();
    write_all(&mut out, &flows, arguments.output)?;
    if !arguments.follow {
        return Ok(());
    }
    loop {
        out.flush()?;
        tokio::time::sleep(PAUSE).await;
        let page: Flows =
            client.get(&format!("/api/v1/flows?limit={PAGE}&after={newest}{question}")).await?;
        newest = page.flows.first().map_or(newest, |flow| flow.seq);
        let mut flows = page.flows;
        flows.reverse();
        write_all(&mut out, &flows, arguments.output)?;
    }
}

/// The number of the newest flow of all.
async fn newest(client: &Client) -> anyhow::Result<u64> {
    let page: Flows = client.get("/api/v1/flows?limit=1").await?;
    Ok(page.flows.first().map_or(0, |flow| flow.seq))
}

/// The newest flows up to a number, newest first.
async fn last(
    client: &Client,
    question: &str,
    number: usize,
    newest: u64,
) -> anyhow::Result<Vec<Flow>> {
    let mut flows = Vec::new();
    let mut before = newest + 1;
    while flows.len() < number {
        let limit = (number - flows.len()).min(PAGE);
        let page: Flows =
            client.get(&format!("/api/v1/flows?limit={limit}&before={before}{question}")).await?;
        flows.extend(page.flows);
        match page.next {
            Some(next) => before = next,
            None => break,
        }
    }
    Ok(flows)
}

fn question(arguments: &Observe, now: u64) -> String {
    let mut text = String::new();
    let mut add = |word: &str, values: &[String]| {
        if !values.is_empty() {
            let values: Vec<String> = values.iter().map(|value| encoded(value)).collect();
            text.push_str(&format!("&{word}={}", values.join(",")));
        }
    };
    let verdicts = arguments.verdict.iter().map(|verdict| match verdict {
        Verdict::Forwarded => "forwarded".to_owned(),
        Verdict::Dropped => "dropped".to_owned(),
        Verdict::Audit => "would_drop".to_owned(),
    });
    add("verdict", &verdicts.collect::<Vec<_>>());
    add("namespace", &arguments.namespace);
    add("from", &ends(&arguments.from_pod, &arguments.from_ip));
    add("to", &ends(&arguments.to_pod, &arguments.to_ip));
    add("port", &arguments.port.iter().map(u16::to_string).collect::<Vec<_>>());
    add("protocol", &arguments.protocol);
    add("policy", &arguments.policy);
    if let Some(since) = arguments.since {
        let since = now.saturating_sub(u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
        add("since", &[since.to_string()]);
    }
    text
}

/// As Hubble has it, a pod without a namespace is one of `default`.
fn ends(pods: &[String], addresses: &[String]) -> Vec<String> {
    let pods = pods.iter().map(|pod| match pod.contains('/') {
        true => pod.clone(),
        false => format!("default/{pod}"),
    });
    pods.chain(addresses.iter().cloned()).collect()
}

fn write_all(out: &mut impl Write, flows: &[Flow], output: Output) -> io::Result<()> {
    for flow in flows {
        match output {
            Output::Compact => line::compact(out, flow)?,
            Output::Table => line::row(out, flow)?,
            Output::Json => writeln!(out, "{}", serde_json::to_string(flow)?)?,
            Output::Csv => {
                let mut text = String::new();
                csv::flow(&mut text, flow);
                out.write_all(text.as_bytes())?;
            }
            Output::Jsonpb => writeln!(out, "{}", line::hubble(flow))?,
        }
    }
    Ok(())
}

/// Milliseconds since the epoch.
pub(crate) fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}
