//! The stores' answers to a question, row by row.

use stockpile_storage::Store;

use crate::{question::Question, stores::Stores};

/// Asks every store every question and gives the number of rows; fails with the first question that is answered otherwise.
pub(crate) async fn compare(stores: &Stores, questions: &[Question]) -> usize {
    let mut compared = 0;
    for question in questions {
        let asked: Vec<_> = stores
            .all
            .iter()
            .map(|store| {
                let (store, question) = (store.clone(), question.clone());
                tokio::spawn(async move { question.ask(&store).await })
            })
            .collect();
        let mut answers = Vec::new();
        for (store, answer) in stores.all.iter().zip(asked) {
            let answer = answer.await.unwrap();
            answers
                .push(answer.unwrap_or_else(|error| panic!("{question:?} on {}: {error:?}", store.engine)));
        }
        for (store, answer) in stores.all.iter().zip(&answers).skip(1) {
            same(question, (stores.reference(), &answers[0]), (store, answer));
        }
        compared += answers[0].len();
    }
    compared
}

/// Fails with the first row that differs, and with the query.
fn same(question: &Question, one: (&Store, &[String]), other: (&Store, &[String])) {
    let signed = one.0.promises.zero_keeps_its_sign && other.0.promises.zero_keeps_its_sign;
    let is_same = |(one, other): (&String, &String)| {
        one == other || (!signed && without_sign_of_zero(one) == without_sign_of_zero(other))
    };
    let differs = one.1.iter().zip(other.1).position(|rows| !is_same(rows));
    let row = differs.or((one.1.len() != other.1.len()).then(|| one.1.len().min(other.1.len())));
    if let Some(row) = row {
        let told = |(store, rows): (&Store, &[String])| {
            format!("{}: {} rows, {}", store.engine, rows.len(), rows.get(row).map_or("-", |row| row))
        };
        panic!("{question:?}, row {row}\n  {}\n  {}", told(one), told(other));
    }
}

/// The text of a row with every -0.0 in it as 0.0; other numbers that begin so are left alone.
fn without_sign_of_zero(row: &str) -> String {
    let mut parts = row.split("-0.0");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text += if part.starts_with(|next: char| next.is_ascii_digit()) { "-0.0" } else { "0.0" };
        text += part;
    }
    text
}
