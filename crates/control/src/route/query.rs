//! Query strings: known words only, each read into what it means.

use std::str::FromStr;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use podwall_ledger::{Filter, Pattern};
use podwall_model::{Direction, Protocol, Verdict};

use crate::app::now_ms;
use crate::refusal::Refusal;

/// The longest list that one word may hold.
const LIST_LIMIT: usize = 64;

/// The pairs of a query string, in their order.
pub(crate) type Pairs = Vec<(String, String)>;

/// A filter over flows, from a query string. Lists are written `a,b` or by repeating the word.
pub(crate) fn filter(pairs: &Pairs) -> Result<Filter, Refusal> {
    let mut filter = Filter::default();
    for (word, value) in pairs {
        match word.as_str() {
            "verdict" => {
                for verdict in list(word, value)? {
                    filter.verdicts.extend(verdicts(verdict)?);
                }
            }
            "from" => filter.from.extend(list(word, value)?.map(Pattern::parse)),
            "to" => filter.to.extend(list(word, value)?.map(Pattern::parse)),
            "namespace" => filter.namespaces.extend(list(word, value)?.map(str::to_owned)),
            "policy" => filter.policies.extend(list(word, value)?.map(str::to_owned)),
            "port" => {
                for port in list(word, value)? {
                    filter.ports.push(number(word, port)?);
                }
            }
            "protocol" => {
                for name in list(word, value)? {
                    let protocol = Protocol::from_str(name);
                    filter.protocols.push(protocol.map_err(|e| bad(e.to_string()))?);
                }
            }
            "direction" => filter.direction = Some(direction(value)?),
            "since" => filter.since = Some(whole(word, value)?),
            "until" => filter.until = Some(whole(word, value)?),
            "before" => filter.before = Some(whole(word, value)?),
            "after" => filter.after = Some(whole(word, value)?),
            "limit" => filter.limit = count(word, value)?,
            other => return Err(unknown(other, FLOW_WORDS)),
        }
    }
    Ok(filter)
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Json,
    Csv,
}

/// Takes `format` out of a question.
pub(crate) fn shape(pairs: Pairs) -> Result<(Pairs, Shape), Refusal> {
    let (asked, rest): (Pairs, Pairs) = pairs.into_iter().partition(|(word, _)| word == "format");
    let shape = match asked.last().map(|(_, value)| value.as_str()) {
        None | Some("json") => Shape::Json,
        Some("csv") => Shape::Csv,
        Some(other) => return Err(bad(format!("not a format: `{other}`, hint: json or csv"))),
    };
    Ok((rest, shape))
}

/// Comma-separated lines, as a file to save.
pub(crate) fn csv(name: &str, text: String) -> Response {
    let saved = format!("attachment; filename=\"{name}\"");
    let marks = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, saved),
    ];
    (marks, text).into_response()
}

/// The time that is answered for unless somebody says otherwise.
const USUAL_MS: u64 = 15 * 60 * 1000;
/// How many samples it is cut into then.
const USUAL_SAMPLES: u64 = 300;
/// The most samples of one answer.
const SAMPLES_LIMIT: u64 = 5_000;
/// Counters are read once a second.
const SHORTEST_STEP_MS: u64 = 1_000;

/// `since`, `until` and `step` of a question.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Window {
    since: Option<u64>,
    until: Option<u64>,
    step: Option<u64>,
}

impl Window {
    /// Takes a word, if it is one of its own.
    pub(crate) fn take(&mut self, word: &str, value: &str) -> Result<bool, Refusal> {
        let place = match word {
            "since" => &mut self.since,
            "until" => &mut self.until,
            "step" => &mut self.step,
            _ => return Ok(false),
        };
        *place = Some(whole(word, value)?);
        Ok(true)
    }

    /// Its start and end, in milliseconds since the epoch.
    pub(crate) fn span(&self) -> Result<(u64, u64), Refusal> {
        self.span_or(USUAL_MS)
    }

    /// The same; where no start is asked for, so long before the end.
    pub(crate) fn span_or(&self, usual_ms: u64) -> Result<(u64, u64), Refusal> {
        let until = self.until.unwrap_or_else(now_ms);
        let since = self.since.unwrap_or(until.saturating_sub(usual_ms));
        if since > until {
            return Err(bad(format!("since is after until: `{since}`, `{until}`")));
        }
        Ok((since, until))
    }

    /// Its start, end and step.
    pub(crate) fn steps(&self) -> Result<(u64, u64, u64), Refusal> {
        let (since, until) = self.span()?;
        let length = until - since;
        let step = self.step.unwrap_or(length / USUAL_SAMPLES).max(SHORTEST_STEP_MS);
        if length / step > SAMPLES_LIMIT {
            return Err(bad(format!(
                "too many samples: `{}`, hint: at most {SAMPLES_LIMIT}; give a longer step",
                length / step
            )));
        }
        Ok((since, until, step))
    }
}

const FLOW_WORDS: &str = "verdict, from, to, namespace, port, protocol, policy, direction, since, \
                          until, before, after, limit";

/// A word of a query that no route of this kind knows.
pub(crate) fn unknown(word: &str, known: &str) -> Refusal {
    bad(format!("unknown word in the question: `{word}`, hint: known are {known}"))
}

/// A number in a query.
pub(crate) fn number<T: FromStr>(word: &str, value: &str) -> Result<T, Refusal> {
    value.parse().map_err(|_| bad(format!("not a number for {word}: `{value}`")))
}

/// A whole number that the ledger can hold.
pub(crate) fn whole(word: &str, value: &str) -> Result<u64, Refusal> {
    bounded(word, number(word, value)?)
}

/// A number of things.
pub(crate) fn count(word: &str, value: &str) -> Result<usize, Refusal> {
    let whole = whole(word, value)?;
    Ok(usize::try_from(whole).unwrap_or(usize::MAX))
}

/// Refuses what the ledger cannot hold.
pub(crate) fn bounded(word: &str, value: u64) -> Result<u64, Refusal> {
    match i64::try_from(value) {
        Ok(_) => Ok(value),
        Err(_) => Err(bad(format!("too great for {word}: `{value}`, hint: at most {}", i64::MAX))),
    }
}

/// The parts of a list.
pub(crate) fn list<'a>(
    word: &str,
    value: &'a str,
) -> Result<impl Iterator<Item = &'a str>, Refusal> {
    if value.split(',').count() > LIST_LIMIT {
        return Err(bad(format!("too many values for {word}, hint: at most {LIST_LIMIT}")));
    }
    Ok(value.split(',').map(str::trim).filter(|part| !part.is_empty()))
}

/// Our words, and Hubble's: `AUDIT` is what would drop, `DROPPED` is all that was dropped.
pub(crate) fn verdicts(word: &str) -> Result<Vec<Verdict>, Refusal> {
    Ok(match word.to_ascii_lowercase().replace(['-', ' '], "_").as_str() {
        "forwarded" => vec![Verdict::Forwarded],
        "would_drop" | "audit" => vec![Verdict::WouldDrop],
        "dropped" => vec![Verdict::Dropped, Verdict::WouldAllow],
        "would_allow" => vec![Verdict::WouldAllow],
        _ => {
            let known = "forwarded, would_drop (AUDIT), dropped, would_allow";
            return Err(bad(format!("not a verdict: `{word}`, hint: write one of {known}")));
        }
    })
}

/// In or out.
pub(crate) fn direction(word: &str) -> Result<Direction, Refusal> {
    match word {
        "ingress" => Ok(Direction::Ingress),
        "egress" => Ok(Direction::Egress),
        _ => Err(bad(format!("not a direction: `{word}`, hint: write ingress or egress"))),
    }
}

fn bad(message: String) -> Refusal {
    Refusal::bad_filter(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(word: &str, value: &str) -> Result<Filter, String> {
        filter(&vec![(word.to_owned(), value.to_owned())]).map_err(|r| r.code().to_owned())
    }

    #[test]
    fn lists_are_written_with_commas() {
        let filter = ask("port", "53, 5432").unwrap();
        assert_eq!(filter.ports, [53, 5432]);
        assert_eq!(ask("verdict", "AUDIT").unwrap().verdicts, [Verdict::WouldDrop]);
    }

    #[test]
    fn a_word_that_is_not_known_is_refused() {
        for (word, value) in [
            ("verdict", "maybe"),
            ("port", "70000"),
            ("colour", "red"),
            ("since", "-1"),
            ("until", "9223372036854775808"),
            ("direction", "up"),
            ("protocol", "carrier pigeon"),
        ] {
            assert_eq!(ask(word, value), Err("bad_filter".into()), "{word}={value}");
        }
        assert!(ask("port", &vec!["1"; LIST_LIMIT + 1].join(",")).is_err());
    }
}
