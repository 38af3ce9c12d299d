//! The map of many places as a table: a row for each client, a column for each server, and in a
//! cell what passes. Lines of so many would only cross.

use super::diagram::{by_namespace, is_certain, label, lanes};
use super::svg::{cut, escaped, head};
use super::{Link, Map};

/// More places than this, or more links, are drawn as a table.
const PLACES_AT_MOST: usize = 20;
const LINKS_AT_MOST: usize = 32;

const ROW: usize = 26;
const MARGIN: usize = 24;
/// The most characters of a name, and of what stands in a cell.
const NAME_FITS: usize = 26;
const CELL_FITS: usize = 12;
/// A letter of a name, of a cell, and what is left beside the text of a cell, in pixels.
const NAME_LETTER: usize = 8;
const CELL_LETTER: usize = 7;
const CELL_ROOM: usize = 12;

const LEGEND: [&str; 2] = [
    "A row is a client, a column is a server. A cell says what passes: ports of TCP where it says no protocol.",
    "*: something is asked of the requests. Dashed: only what is in detection would pass or drop it.",
];

/// Whether a map is drawn as a table.
pub(super) fn is_crowded(map: &Map) -> bool {
    let touched = |at: usize| map.links.iter().any(|link| link.from == at || link.to == at);
    let places = (0..map.places.len()).filter(|at| touched(*at)).count();
    places > PLACES_AT_MOST || map.links.len() > LINKS_AT_MOST
}

/// A place along one side, and where its row or column begins.
struct Line {
    place: usize,
    at: usize,
}

/// The sides of the table.
struct Table {
    rows: Vec<Line>,
    columns: Vec<Line>,
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
}

/// The drawing.
pub(super) fn svg(map: &Map) -> String {
    let table = Table::of(map);
    let legend = LEGEND.iter().map(|line| line.len()).max().unwrap_or_default() * CELL_LETTER;
    let width = (table.right + table.top * 3 / 4).max(legend) + MARGIN;
    let height = table.bottom + MARGIN + LEGEND.len() * 18;
    let mut text = head(width, height);
    text += &table.names(map);
    for link in &map.links {
        text += &table.cell(map, link);
    }
    for (number, line) in LEGEND.iter().enumerate() {
        let y = table.bottom + MARGIN + number * 18;
        text += &format!("<text class=\"space\" x=\"{MARGIN}\" y=\"{y}\">{line}</text>\n");
    }
    text + "</svg>\n"
}

impl Table {
    fn of(map: &Map) -> Table {
        let order: Vec<usize> = by_namespace(map).into_iter().flat_map(|(_, list)| list).collect();
        let touched = |end: fn(&Link) -> usize| {
            let is = move |at: &usize| map.links.iter().any(|link| end(link) == *at);
            order.iter().copied().filter(is).collect::<Vec<usize>>()
        };
        let (clients, servers) = (touched(|link| link.from), touched(|link| link.to));
        let longest = |places: &[usize]| {
            let lengths = places.iter().map(|at| name(map, *at).chars().count());
            lengths.max().unwrap_or_default() * NAME_LETTER
        };
        // A column's name leans to the right by half its length.
        let (left, top) = (MARGIN + longest(&clients), MARGIN + longest(&servers) * 4 / 5);
        let mut at = top;
        let rows = clients.into_iter().map(|place| {
            at += ROW;
            Line { place, at: at - ROW }
        });
        let rows: Vec<Line> = rows.collect();
        let bottom = at;
        let mut at = left;
        let columns = servers.into_iter().map(|place| {
            let own = map.links.iter().filter(|link| link.to == place);
            let letters = own.map(|link| words(link).chars().count()).max().unwrap_or_default();
            let begin = at;
            at += letters * CELL_LETTER + CELL_ROOM;
            Line { place, at: begin }
        });
        let columns: Vec<Line> = columns.collect();
        Table { rows, columns, left, top, right: at, bottom }
    }

    /// The names along both sides, with a line under each row and beside each column.
    fn names(&self, map: &Map) -> String {
        let Table { left, top, right, bottom, .. } = self;
        let mut text = String::new();
        for Line { place, at } in &self.rows {
            let (x, y) = (left - 8, at + ROW - 8);
            let full = escaped(&map.places[*place].place.name);
            let name = escaped(&name(map, *place));
            text += &format!(
                "<path class=\"rule\" d=\"M{MARGIN} {at}H{right}\"/>\n<text x=\"{x}\" y=\"{y}\" \
                 text-anchor=\"end\"><title>{full}</title>{name}</text>\n"
            );
        }
        for (number, Line { place, at }) in self.columns.iter().enumerate() {
            let end = self.columns.get(number + 1).map_or(*right, |next| next.at);
            let (x, y) = (usize::midpoint(*at, end) + 4, top - 8);
            let full = escaped(&map.places[*place].place.name);
            let name = escaped(&name(map, *place));
            text += &format!(
                "<path class=\"rule\" d=\"M{at} {top}V{bottom}\"/>\n<text \
                 transform=\"translate({x} {y}) rotate(-55)\"><title>{full}</title>{name}</text>\n"
            );
        }
        text + &format!("<path class=\"rule\" d=\"M{MARGIN} {bottom}H{right}V{top}\"/>\n")
    }

    /// What passes from one place to another, where its row meets its column.
    fn cell(&self, map: &Map, link: &Link) -> String {
        let row = self.rows.iter().find(|line| line.place == link.from);
        let column = self.columns.iter().position(|line| line.place == link.to);
        let (Some(row), Some(column)) = (row, column) else { return String::new() };
        let x = self.columns[column].at;
        let end = self.columns.get(column + 1).map_or(self.right, |next| next.at);
        let class = if is_certain(link) { "cell" } else { "cell try" };
        let place = |at: usize| map.places[at].place.name.as_str();
        let full = format!("{} -> {}: {}", place(link.from), place(link.to), lanes(link, "; "));
        format!(
            "<g><title>{}</title><rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" \
             rx=\"4\"/><text class=\"what\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text></g>\n",
            escaped(&full),
            x + 2,
            row.at + 2,
            end - x - 4,
            ROW - 4,
            usize::midpoint(x, end),
            row.at + ROW - 9,
            escaped(&words(link)),
        )
    }
}

/// A place's name, its namespace in front.
fn name(map: &Map, at: usize) -> String {
    let short = label(map, at);
    match &map.places[at].place.namespace {
        Some(namespace) => cut(&format!("{namespace}/{short}"), NAME_FITS),
        None => cut(&short, NAME_FITS),
    }
}

/// What passes, as short as it can be said.
fn words(link: &Link) -> String {
    let asks = link.passages.iter().any(|passage| !passage.requests.is_empty());
    let lanes = link.passages.iter().flat_map(|passage| &passage.lanes);
    let short = |lane: &String| match lane.as_str() {
        "everything" => "all".to_owned(),
        other => other.strip_suffix("/TCP").unwrap_or(other).to_owned(),
    };
    let mut list: Vec<String> = lanes.map(short).collect();
    list.dedup();
    let text = list.join(", ");
    cut(&if asks { format!("{text}*") } else { text }, CELL_FITS)
}
