//! An actix-web server that has one answer for each path and gives it as it is.

use std::net::SocketAddr;

use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::{Context as _, Result, ensure};
use clap::Args;

use super::Given;
use crate::client;

#[derive(Args, Debug)]
pub(crate) struct Options {
    #[arg(long)]
    addr: SocketAddr,
    /// The server whose answers are given again.
    #[arg(long)]
    from: SocketAddr,
    /// What it is asked for.
    #[arg(long)]
    target: String,
    /// `NAME: VALUE` of one more header, empty for none; each makes an answer at `/0`, `/1` and so on.
    #[arg(long = "variant", required = true, allow_hyphen_values = true)]
    variants: Vec<String>,
}

/// Asks the other server once for each variant, then serves.
pub(crate) async fn serve(options: Options) -> Result<()> {
    let mut answers = Vec::new();
    for variant in &options.variants {
        let header = variant.split_once(": ");
        let answer = client::ask(options.from, &client::request(&options.target, header.as_slice())).await?;
        ensure!(answer.status < 400, "{} {variant}: {}", options.target, answer.status);
        answers.push(Given::new(&answer).context("an answer that cannot be given again")?);
    }
    HttpServer::new(move || {
        let mut app = App::new();
        for (number, given) in answers.iter().enumerate() {
            let given = web::Data::new(given.clone());
            let resource = web::resource(format!("/{number}")).app_data(given);
            app = app.service(resource.route(web::get().to(give)));
        }
        app
    })
    .bind(options.addr)?
    .run()
    .await?;
    Ok(())
}

async fn give(given: web::Data<Given>) -> HttpResponse {
    let mut response = HttpResponse::build(given.status);
    for (name, value) in &given.headers {
        response.insert_header((name.clone(), value.clone()));
    }
    response.body(given.body.clone())
}
