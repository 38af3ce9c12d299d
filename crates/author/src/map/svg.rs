//! The map as a drawing that stands alone: no script, no font of its own, light and dark.

use super::diagram::{is_certain, label, lanes};
use super::layout::{Spot, spots};
use super::{Link, Map, grid};
use crate::reach::Kind;

const BOX_WIDTH: usize = 200;
const BOX_HEIGHT: usize = 44;
const COLUMN_STEP: usize = 400;
const ROW_STEP: usize = 96;
const MARGIN: usize = 40;
/// The most characters of a name that fit its box.
const NAME_FITS: usize = 26;
/// The most characters of a label on a line.
const LABEL_FITS: usize = 30;

const STYLE: &str = "\
:root { color-scheme: light dark; }
text { font: 13px system-ui, sans-serif; fill: #1c2733; }
.space { font-size: 11px; fill: #5b6b7b; }
.lanes { font-size: 11px; fill: #33475b; paint-order: stroke; stroke: #ffffff; stroke-width: 4px; stroke-linejoin: round; }
.paper { fill: #ffffff; }
.box { stroke-width: 1.5; }
.workloads { fill: #e8f1fb; stroke: #3b78b5; }
.node { fill: #eef0f2; stroke: #6b7885; }
.outside { fill: #fdf3e3; stroke: #b8802a; stroke-dasharray: 4 3; }
.link { fill: none; stroke: #4a6f94; stroke-width: 1.5; }
.try { stroke: #b8642a; stroke-dasharray: 6 4; }
.head { fill: #4a6f94; }
.cell { fill: #dcebfa; stroke: #3b78b5; }
.cell.try { fill: #fbeadc; stroke: #b8642a; stroke-dasharray: 4 3; }
.what { font-size: 11px; }
.rule { fill: none; stroke: #dde3e9; }
@media (prefers-color-scheme: dark) {
text { fill: #e4eaf0; } .space { fill: #9fb0c0; }
.lanes { fill: #c4d3e2; stroke: #14191f; } .paper { fill: #14191f; }
.workloads { fill: #1d3147; stroke: #6ea8e0; } .node { fill: #2a3037; stroke: #8a97a4; }
.outside { fill: #3a2f1c; stroke: #d9a650; }
.link { stroke: #7fa6cc; } .try { stroke: #e09a5c; } .head { fill: #7fa6cc; }
.cell { fill: #1d3147; stroke: #6ea8e0; } .cell.try { fill: #3a2a1c; stroke: #e09a5c; }
.rule { stroke: #2a323b; }
}";

/// The opening of a drawing, on paper of this size.
pub(super) fn head(width: usize, height: usize) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\">\n<title>Who can reach whom</title>\n\
         <style>{STYLE}</style>\n<rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>\n"
    )
}

/// The arrow's head.
const MARKER: &str = "<defs><marker id=\"head\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" \
    markerWidth=\"7\" markerHeight=\"7\" orient=\"auto-start-reverse\"><path class=\"head\" \
    d=\"M0 0L10 5L0 10z\"/></marker></defs>\n";

/// The drawing: boxes and arrows for a few places, a table for many.
pub fn svg(map: &Map) -> String {
    if grid::is_crowded(map) {
        return grid::svg(map);
    }
    let spots = spots(map);
    let drawn: Vec<Spot> = spots.iter().flatten().copied().collect();
    let columns = drawn.iter().map(|spot| spot.column + 1).max().unwrap_or(1);
    let rows = drawn.iter().map(|spot| spot.row + 1).max().unwrap_or(1);
    let width = 2 * MARGIN + (columns - 1) * COLUMN_STEP + BOX_WIDTH;
    let height = 2 * MARGIN + rows * ROW_STEP;
    let tall = |column: usize| drawn.iter().filter(|spot| spot.column == column).count();
    // Each column stands in the middle of the height.
    let corner = |spot: Spot| {
        let above = (rows - tall(spot.column)) * ROW_STEP / 2;
        (MARGIN + spot.column * COLUMN_STEP, MARGIN + above + spot.row * ROW_STEP + 20)
    };
    let mut text = head(width, height) + MARKER;
    let ends = |link: &Link| Some((corner(spots[link.from]?), corner(spots[link.to]?)));
    for (number, link) in map.links.iter().enumerate() {
        if let Some((from, to)) = ends(link) {
            text += &line(link, from, to);
            text += &caption(link, from, to, number);
        }
    }
    for (at, spot) in spots.iter().enumerate() {
        if let Some(spot) = spot {
            text += &place(map, at, corner(*spot));
        }
    }
    text + "</svg>\n"
}

type Corner = (usize, usize);

/// Where a line begins and ends, and the two points that bend it.
fn bend(from: Corner, to: Corner) -> [(i64, i64); 4] {
    let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let (width, half) = (number(BOX_WIDTH), number(BOX_HEIGHT / 2));
    let ((fx, fy), (tx, ty)) = ((number(from.0), number(from.1)), (number(to.0), number(to.1)));
    if fx < tx {
        let (start, end) = ((fx + width, fy + half), (tx, ty + half));
        let reach = (end.0 - start.0) / 2;
        return [start, (start.0 + reach, start.1), (end.0 - reach, end.1), end];
    }
    // Back, or within a column: out on the right and in on the right.
    let (start, end) = ((fx + width, fy + half + 8), (tx + width, ty + half - 8));
    let out = 90 + (fx - tx) / 3;
    [start, (start.0 + out, start.1), (end.0 + out, end.1), end]
}

fn line(link: &Link, from: Corner, to: Corner) -> String {
    let [start, one, two, end] = bend(from, to);
    let class = if is_certain(link) { "link" } else { "link try" };
    format!(
        "<path class=\"{class}\" marker-end=\"url(#head)\" d=\"M{} {}C{} {} {} {} {} {}\"><title>{}</title></path>\n",
        start.0,
        start.1,
        one.0,
        one.1,
        two.0,
        two.1,
        end.0,
        end.1,
        escaped(&lanes(link, "; "))
    )
}

/// What passes, on the line; neighbours stand at different points of theirs.
fn caption(link: &Link, from: Corner, to: Corner, number: usize) -> String {
    let [start, one, two, end] = bend(from, to);
    let t = [40, 50, 60][number % 3];
    let u = 100 - t;
    let on = |a: i64, b: i64, c: i64, d: i64| {
        (u * u * u * a + 3 * u * u * t * b + 3 * u * t * t * c + t * t * t * d) / 1_000_000
    };
    let (x, y) = (on(start.0, one.0, two.0, end.0), on(start.1, one.1, two.1, end.1));
    let words = cut(&lanes(link, "; "), LABEL_FITS);
    let y = y - 5;
    format!(
        "<text class=\"lanes\" x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">{}</text>\n",
        escaped(&words)
    )
}

fn place(map: &Map, at: usize, (x, y): Corner) -> String {
    let mapped = &map.places[at];
    let class = match mapped.place.kind {
        Kind::Workloads => "workloads",
        Kind::Node => "node",
        Kind::Outside => "outside",
    };
    let (tx, ty) = (x + BOX_WIDTH / 2, y + BOX_HEIGHT / 2 + 4);
    let name = cut(&label(map, at), NAME_FITS);
    let space = mapped.place.namespace.as_deref().unwrap_or_default();
    format!(
        "<g><title>{}</title><rect class=\"box {class}\" x=\"{x}\" y=\"{y}\" width=\"{BOX_WIDTH}\" \
         height=\"{BOX_HEIGHT}\" rx=\"8\"/><text x=\"{tx}\" y=\"{ty}\" text-anchor=\"middle\">{}</text>\
         <text class=\"space\" x=\"{}\" y=\"{}\">{}</text></g>\n",
        escaped(&mapped.place.name),
        escaped(&name),
        x + 4,
        y - 5,
        escaped(space)
    )
}

pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

pub(super) fn escaped(text: &str) -> String {
    let safe = text.chars().filter(|c| !c.is_control());
    safe.map(|c| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        other => other.to_string(),
    })
    .collect()
}
