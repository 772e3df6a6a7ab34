//! Line plots as SVG. They are written by hand: three plots of a few points need no library, and
//! this way their text stays text and follows the reader's light or dark theme.

use std::fmt::Write as _;

use crate::measured::short;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 140.0;
const TOP: f64 = 36.0;
const BOTTOM: f64 = 48.0;

/// The room that a name takes.
const NAME_WIDTH: f64 = 90.0;
const NAME_HEIGHT: f64 = 13.0;

/// Colours that are told apart in both themes, also by most people with colour blindness
/// (Okabe and Ito).
const COLOURS: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

const STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#222}.axis{stroke:#888;fill:none}\
    .grid{stroke:#8884;fill:none}\
    .dashed{stroke:#888;fill:none;stroke-width:1.5;stroke-dasharray:6 4}@media(prefers-color-scheme:dark){text{fill:#ddd}}";

/// A plot with logarithmic axes.
pub struct Plot<'a> {
    pub title: &'a str,
    pub x: &'a str,
    pub y: &'a str,
    pub lines: Vec<Line>,
}

/// One line of a plot. Its points are in the order of x, and all coordinates are positive.
pub struct Line {
    pub name: String,
    pub style: Style,
    pub points: Vec<(f64, f64)>,
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Its points and the line between them.
    Line,
    /// A thin dashed line, without a colour of its own.
    Dashed,
    /// Only its points, as diamonds.
    Points,
}

/// A logarithmic axis.
struct Axis {
    from: f64,
    to: f64,
}

impl Axis {
    /// The axis for some values, between whole powers of ten if `is_rounded`.
    fn of(values: impl Iterator<Item = f64>, is_rounded: bool) -> Option<Self> {
        let logs: Vec<f64> = values.map(f64::log10).collect();
        let least = logs.iter().copied().reduce(f64::min)?;
        let most = logs.iter().copied().reduce(f64::max)?;
        let (from, to) = if is_rounded { (least.floor(), most.ceil()) } else { (least, most) };
        Some(Self { from, to: to.max(from + 0.1) })
    }

    /// The place of a value, from 0 to 1.
    fn place(&self, value: f64) -> f64 {
        (value.log10() - self.from) / (self.to - self.from)
    }
}

impl Plot<'_> {
    /// The plot as an SVG file; `None` without points.
    pub fn svg(&self) -> Option<String> {
        let points = || self.lines.iter().flat_map(|line| line.points.iter().copied());
        let across = Axis::of(points().map(|(x, _)| x), false)?;
        let up = Axis::of(points().map(|(_, y)| y), true)?;
        let x = |value| LEFT + across.place(value) * (WIDTH - LEFT - RIGHT);
        let y = |value| HEIGHT - BOTTOM - up.place(value) * (HEIGHT - TOP - BOTTOM);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">\n\
             <title>{}</title>\n<style>{STYLE}</style>\n",
            self.title
        );
        let mut text = |x: f64, y: f64, anchor: &str, text: &str| {
            let _ = writeln!(
                svg,
                "<text x=\"{x:.0}\" y=\"{y:.0}\" text-anchor=\"{anchor}\">{text}</text>"
            );
        };
        text(LEFT, TOP - 16.0, "start", self.title);
        text((LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 10.0, "middle", self.x);
        text(LEFT - 8.0, TOP - 16.0, "end", self.y);
        let mut sizes: Vec<f64> = points().map(|(x, _)| x).collect();
        sizes.sort_by(f64::total_cmp);
        sizes.dedup();
        for size in sizes {
            text(x(size), HEIGHT - BOTTOM + 18.0, "middle", &short(size));
        }
        let steps: Vec<f64> = (up.from as i32..=up.to as i32).map(|n| 10_f64.powi(n)).collect();
        for step in &steps {
            text(LEFT - 8.0, y(*step) + 4.0, "end", &short(*step));
        }
        let ends = self.lines.iter().filter_map(|line| Some((line, line.points.last()?)));
        let ends = ends.map(|(line, (at, value))| (x(*at) + 10.0, y(*value) + 4.0, &line.name));
        for (x, y, name) in apart(ends.collect()) {
            text(x, y, "start", name);
        }
        for step in &steps {
            let (y, right) = (y(*step), WIDTH - RIGHT);
            let _ = writeln!(svg, "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{right}\"/>");
        }
        let mut colours = COLOURS.iter().cycle();
        for line in &self.lines {
            let points = line.points.iter().map(|(at, value)| (x(*at), y(*value)));
            let points: Vec<(f64, f64)> = points.collect();
            line.style.draw(&mut svg, &points, &mut colours);
        }
        let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
        let _ =
            writeln!(svg, "<path class=\"axis\" d=\"M{LEFT} {TOP}V{bottom}H{right}\"/>\n</svg>");
        Some(svg)
    }
}

/// Moves names down that would cover those above them.
fn apart<T>(mut names: Vec<(f64, f64, T)>) -> Vec<(f64, f64, T)> {
    names.sort_by(|a, b| a.1.total_cmp(&b.1));
    for n in 1..names.len() {
        for above in 0..n {
            let (x, y) = (names[above].0, names[above].1);
            if (names[n].0 - x).abs() < NAME_WIDTH && names[n].1 < y + NAME_HEIGHT {
                names[n].1 = y + NAME_HEIGHT;
            }
        }
    }
    names
}

impl Style {
    /// Draws points at their places in the image.
    fn draw<'c>(
        self,
        svg: &mut String,
        points: &[(f64, f64)],
        colours: &mut impl Iterator<Item = &'c &'c str>,
    ) {
        let path = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>();
        let path = path.join(" ");
        if self == Self::Dashed {
            let _ = writeln!(svg, "<polyline class=\"dashed\" points=\"{path}\"/>");
            return;
        }
        let colour = colours.next().unwrap_or(&"currentColor");
        if self == Self::Line {
            let _ = writeln!(
                svg,
                "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"{path}\"/>"
            );
        }
        for (x, y) in points {
            let _ = match self {
                Self::Points => writeln!(
                    svg,
                    "<path d=\"M{x:.1} {:.1}l5 5l-5 5l-5 -5z\" fill=\"{colour}\"/>",
                    y - 5.0
                ),
                _ => {
                    writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>")
                }
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_cover_each_other() {
        let placed = apart(vec![(500.0, 40.0, 'b'), (500.0, 39.0, 'a'), (200.0, 40.0, 'c')]);
        assert_eq!(placed, [(500.0, 39.0, 'a'), (500.0, 52.0, 'b'), (200.0, 40.0, 'c')]);
    }

    #[test]
    fn points_are_placed_by_their_logarithms() {
        let points = vec![(10.0, 1.0), (100.0, 10.0), (1000.0, 100.0)];
        let line = |style, points| Line { name: "one".into(), style, points };
        let lines = vec![
            line(Style::Line, points.clone()),
            line(Style::Dashed, points[..2].to_vec()),
            line(Style::Points, points[2..].to_vec()),
        ];
        let plot = Plot { title: "t", x: "x", y: "y", lines };
        let svg = plot.svg().unwrap();
        assert!(svg.contains("points=\"64.0,312.0 282.0,174.0 500.0,36.0\""), "{svg}");
        assert!(svg.contains("class=\"dashed\" points=\"64.0,312.0 282.0,174.0\""), "{svg}");
        assert_eq!(svg.matches("<circle").count(), 3);
        assert!(svg.contains("<path d=\"M500.0 31.0"), "{svg}");
        assert!(Plot { lines: Vec::new(), ..plot }.svg().is_none());
    }
}
