//! Rows as a source gives them, before they are checked.

use serde_json::Value;

/// An answer: named columns and the values of each row in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Table {
    /// Names, in lower case.
    pub(crate) columns: Vec<String>,
    /// As many values a row as there are columns.
    pub(crate) rows: Vec<Vec<Value>>,
}

impl Table {
    pub(crate) fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|name| name == column)
    }

    /// Adds the rows of another table; a column that it lacks is null there.
    pub(crate) fn append(&mut self, other: Self) {
        if self.columns.is_empty() {
            *self = other;
        } else if self.columns == other.columns {
            self.rows.extend(other.rows);
        } else {
            let from: Vec<Option<usize>> = self.columns.iter().map(|name| other.position(name)).collect();
            let value = |row: &[Value], at: &Option<usize>| {
                at.and_then(|at| row.get(at)).cloned().unwrap_or(Value::Null)
            };
            self.rows.extend(
                other.rows.iter().map(|row| from.iter().map(|at| value(row, at)).collect::<Vec<_>>()),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pages_with_other_columns_are_put_in_order() {
        let table = |columns: &[&str], row: &[Value]| Table {
            columns: columns.iter().map(ToString::to_string).collect(),
            rows: vec![row.to_vec()],
        };
        let mut whole = Table::default();
        whole.append(table(&["a", "b"], &[json!(1), json!(2)]));
        whole.append(table(&["b", "c", "a"], &[json!(4), json!(5), json!(3)]));
        whole.append(table(&["b"], &[json!(6)]));
        assert_eq!(whole.rows, [[json!(1), json!(2)], [json!(3), json!(4)], [Value::Null, json!(6)]]);
    }
}
