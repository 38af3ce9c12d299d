//! `podwall map`.

use std::io::Write;

use podwall_author::map::{Map, dot, mermaid, svg};
use podwall_author::reach::{Kind, imagined, with_names};
use serde_json::{Value, json};

use super::flags::{self, MapOutput};
use super::{EXIT_FINE, set};

/// Says who can reach whom.
pub(crate) fn run(arguments: &flags::Map) -> anyhow::Result<u8> {
    let policies = set::policies(&arguments.paths)?;
    let world = match set::world(arguments.world.as_deref())? {
        Some(world) => world,
        None => imagined(&policies),
    };
    let world = with_names(&world, &policies);
    let mut map = Map::of(&policies, &world, set::options(arguments.mode));
    if let Some(word) = &arguments.focus {
        map = map.around(word);
    }
    let drawn = match arguments.output {
        MapOutput::Text => map.text(),
        MapOutput::Json => format!("{:#}\n", json(&map)),
        MapOutput::Dot => dot(&map),
        MapOutput::Mermaid => mermaid(&map),
        MapOutput::Svg => svg(&map),
    };
    std::io::stdout().lock().write_all(drawn.as_bytes())?;
    Ok(EXIT_FINE)
}

fn json(map: &Map) -> Value {
    let places: Vec<Value> = map
        .places
        .iter()
        .map(|mapped| {
            let kind = match mapped.place.kind {
                Kind::Workloads => "workloads",
                Kind::Node => "node",
                Kind::Outside => "outside",
            };
            let workloads: Vec<String> =
                mapped.place.workloads.iter().map(ToString::to_string).collect();
            json!({
                "name": mapped.place.name,
                "kind": kind,
                "namespace": mapped.place.namespace,
                "workloads": workloads,
                "isolated": { "ingress": mapped.isolated_in, "egress": mapped.isolated_out },
            })
        })
        .collect();
    let name = |at: usize| &map.places[at].place.name;
    let links = map.links.iter().flat_map(|link| link.passages.iter().map(move |one| (link, one)));
    let links: Vec<Value> = links
        .map(|(link, passage)| {
            let rules: Vec<String> = passage.rules.iter().map(ToString::to_string).collect();
            json!({
                "from": name(link.from),
                "to": name(link.to),
                "over": passage.lanes,
                "requests": passage.requests,
                "verdict": super::explain::word(passage.verdict),
                "rules": rules,
            })
        })
        .collect();
    json!({ "places": places, "links": links })
}
