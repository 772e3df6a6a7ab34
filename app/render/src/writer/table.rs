//! Tables. Cells are aligned by an attribute of our own, because the Content-Security-Policy allows
//! no styles in the HTML.

use pulldown_cmark::Alignment;

use super::{Kind, Writer};

/// The current table.
#[derive(Default)]
pub(super) struct Table {
    sides: Vec<Alignment>,
    /// The position of each cell in the current row, and whether it is empty.
    cells: Vec<(usize, bool)>,
    is_head: bool,
    /// Whether it has a row below its head.
    has_rows: bool,
}

impl Writer<'_> {
    pub(super) fn start_table(&mut self, sides: Vec<Alignment>) {
        self.table = Table { sides, ..Table::default() };
        self.push(Kind::Markdown, "<table dir=\"auto\">", "</table>");
    }

    pub(super) fn end_table(&mut self) {
        if self.table.has_rows {
            self.out.push_str("</tbody>");
        }
        self.close();
    }

    pub(super) fn start_row(&mut self, is_head: bool) {
        self.table.cells.clear();
        self.table.is_head = is_head;
        let (start, end) = match (is_head, self.table.has_rows) {
            (true, _) => ("<thead><tr>", "</tr></thead>"),
            (false, false) => ("<tbody>\n<tr>", "</tr>"),
            (false, true) => ("\n<tr>", "</tr>"),
        };
        self.table.has_rows |= !is_head;
        self.push(Kind::Markdown, start, end);
    }

    pub(super) fn start_cell(&mut self) {
        let name = if self.table.is_head { "th" } else { "td" };
        let side = self.table.sides.get(self.table.cells.len()).copied().and_then(side);
        let start = match side {
            Some(side) => format!("<{name} data-align=\"{side}\">"),
            None => format!("<{name}>"),
        };
        self.table.cells.push((self.out.len(), true));
        self.push(Kind::Markdown, &start, format!("</{name}>"));
    }

    pub(super) fn end_cell(&mut self) {
        let begins = self.open.last().map_or(0, |cell| cell.begins);
        if let Some((_, is_empty)) = self.table.cells.last_mut() {
            *is_empty = begins == self.out.len();
        }
        self.close();
    }

    /// Leaves out empty cells at the end of a row that exceed the limit: the parser fills each
    /// short row with such cells. Empty cells before other cells stay, because they keep the others
    /// in their columns.
    pub(super) fn end_row(&mut self) {
        let cells = &self.table.cells;
        let empty = cells.iter().rev().take_while(|(_, is_empty)| *is_empty).count();
        let read = self.location.read;
        let kept = (0..empty).take_while(|_| self.bounds.takes_empty_cell(read)).count();
        if let Some((begins, _)) = cells.get(cells.len() - empty + kept) {
            self.out.truncate(*begins);
        }
        self.close();
    }
}

/// The alignment of a column's cells.
fn side(alignment: Alignment) -> Option<&'static str> {
    match alignment {
        Alignment::None => None,
        Alignment::Left => Some("left"),
        Alignment::Center => Some("center"),
        Alignment::Right => Some("right"),
    }
}
