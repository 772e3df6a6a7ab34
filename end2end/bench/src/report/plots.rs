//! The plots of the page: lines for what was measured, dashed lines for the aims, and points for
//! llumen, the nearest of the other programs.

use crate::measured::{Measured, YARDSTICK};
use crate::peers;
use crate::plot::{Line, Plot, Style};
use crate::report::rows;

/// The beginning of the name of the program whose figures are drawn as points.
const PEER: &str = "llumen";

/// An aim that is drawn.
struct Aim {
    figure: &'static str,
    name: &'static str,
    points: &'static [(f64, f64)],
}

const fn aim(figure: &'static str, name: &'static str, points: &'static [(f64, f64)]) -> Aim {
    Aim { figure, name, points }
}

const AIMS: &[Aim] = &[
    aim("lag_p50_ms", "aim", &[(10.0, 2.0), (100.0, 4.0)]),
    aim("lag_p99_ms", "aim (p99.9)", &[(10.0, 100.0), (1000.0, 100.0)]),
    aim("server_cpu_per_token_us", "aim", &[(10.0, 40.0), (100.0, 20.0), (1000.0, 20.0)]),
    aim("server_cpu_per_token_us", "aim, html", &[(10.0, 40.0), (1000.0, 40.0)]),
    aim("page_p99_ms", "aim", &[(100.0, 10.0), (1_000_000.0, 10.0)]),
];

pub(super) fn plots(measured: &Measured) -> Vec<(&'static str, Plot<'static>)> {
    let of_streams = |file, title, y, name| {
        let mut lines = lines(measured, "streams", &["json", "html", "relay"], name);
        add_comparison(measured, &mut lines, name);
        (file, Plot { title, x: "streams", y, lines })
    };
    let mut pages = lines(measured, "pages", &["beside-"], "page_p99_ms");
    add_comparison(measured, &mut pages, "page_p99_ms");
    vec![
        of_streams("lag-p50.svg", "Lag p50 against streams", "ms", "lag_p50_ms"),
        of_streams("lag-p99.svg", "Lag p99 against streams", "ms", "lag_p99_ms"),
        of_streams(
            "cpu.svg",
            "Server CPU per token against streams",
            "us",
            "server_cpu_per_token_us",
        ),
        (
            "pages.svg",
            Plot {
                title: "Page p99 against messages in the conversation",
                x: "messages",
                y: "ms",
                lines: pages,
            },
        ),
    ]
}

/// Adds what the lines are compared with, if there are any.
fn add_comparison(measured: &Measured, lines: &mut Vec<Line>, name: &str) {
    if !lines.is_empty() {
        lines.extend(points(measured, name));
        lines.extend(aims(name));
    }
}

/// A line for each binary and kind.
fn lines(measured: &Measured, section: &str, kinds: &[&str], name: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for kind in kinds {
        for (size, of, kind) in rows(measured, section, kind) {
            let value = measured.median(section, &kind, size, &of, name);
            let Some(value) = value.filter(|value| *value > 0.0 && size > 0) else { continue };
            let name = if of == YARDSTICK { kind } else { format!("{of}, {kind}") };
            let point = (size as f64, value);
            match lines.iter_mut().find(|line| line.name == name) {
                Some(line) => line.points.push(point),
                None => lines.push(Line { name, style: Style::Line, points: vec![point] }),
            }
        }
    }
    lines
}

/// The figures of llumen.
fn points(measured: &Measured, name: &str) -> Option<Line> {
    let rows = rows(measured, peers::STREAMS, peers::STREAMS);
    let of_peer = rows.iter().filter(|(_, of, _)| of.starts_with(PEER));
    let points = of_peer.filter_map(|(size, of, kind)| {
        let value = measured.median(peers::STREAMS, kind, *size, of, name)?;
        (value > 0.0).then_some((*size as f64, value))
    });
    let points: Vec<_> = points.collect();
    (!points.is_empty()).then(|| Line { name: PEER.to_owned(), style: Style::Points, points })
}

fn aims(figure: &str) -> impl Iterator<Item = Line> {
    let of_figure = AIMS.iter().filter(move |aim| aim.figure == figure);
    of_figure.map(|Aim { name, points, .. }| Line {
        name: (*name).to_owned(),
        style: Style::Dashed,
        points: points.to_vec(),
    })
}
