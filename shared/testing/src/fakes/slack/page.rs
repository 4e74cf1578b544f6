//! A plain page of what arrived, newest first.

use serde_json::Value;

use super::Message;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1d1c1d;\
background:#f8f8f8}article{background:#fff;border:1px solid #ddd;border-radius:8px;padding:1rem;margin:1rem 0}\
header{display:flex;justify-content:space-between;color:#616061;font-size:.85rem}h1{font-size:1.3rem}\
h2{font-size:1.05rem;margin:.5rem 0}.fields{display:grid;grid-template-columns:1fr 1fr;gap:.5rem}\
.context{color:#616061;font-size:.85rem}.text{color:#616061;border-top:1px dashed #ddd;margin-top:.75rem;padding-top:.5rem;\
font-size:.85rem}.button{display:inline-block;border:1px solid #bbb;border-radius:4px;padding:.15rem .6rem;margin-right:.4rem}";

/// The page.
pub(super) fn render(messages: &[Message]) -> String {
    let list = match messages {
        [] => "<p>No message has arrived yet.</p>".to_owned(),
        messages => messages.iter().rev().map(article).collect(),
    };
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Slack stand-in</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><meta http-equiv=\"refresh\" content=\"5\">\
         <style>{STYLE}</style></head><body><h1>What Slack would show ({})</h1>{list}</body></html>",
        messages.len()
    )
}

fn article(message: &Message) -> String {
    let blocks: String = message.blocks.as_array().into_iter().flatten().map(block).collect();
    let doubt = if message.confirmed { "" } else { " · the sender was not told that it arrived" };
    let thread = message.thread_ts.as_ref().map(|ts| format!(" · in thread {}", escape(ts))).unwrap_or_default();
    format!(
        "<article><header><strong>{}</strong><span>{} · {}{thread}{doubt}</span></header>{blocks}\
         <div class=\"text\">{}</div></article>",
        escape(&message.channel),
        message.received_at.strftime("%Y-%m-%d %H:%M:%S UTC"),
        message.via,
        mrkdwn(&message.text),
    )
}

fn block(block: &Value) -> String {
    let elements = || block["elements"].as_array().into_iter().flatten();
    match block["type"].as_str().unwrap_or_default() {
        "header" => format!("<h2>{}</h2>", text(&block["text"])),
        "section" => {
            let fields: String =
                block["fields"].as_array().into_iter().flatten().map(|f| format!("<div>{}</div>", text(f))).collect();
            let main =
                if block["text"].is_object() { format!("<p>{}</p>", text(&block["text"])) } else { String::new() };
            if fields.is_empty() { main } else { format!("{main}<div class=\"fields\">{fields}</div>") }
        }
        "context" => format!("<p class=\"context\">{}</p>", elements().map(text).collect::<Vec<_>>().join(" · ")),
        "actions" => {
            let buttons = elements().map(|button| {
                let label = text(&button["text"]);
                match button["url"].as_str().filter(|url| is_web(url)) {
                    Some(url) => format!("<a class=\"button\" href=\"{}\">{label}</a>", escape(url)),
                    None => format!("<span class=\"button\">{label}</span>"),
                }
            });
            format!("<p>{}</p>", buttons.collect::<String>())
        }
        "divider" => "<hr>".to_owned(),
        "image" => format!("<p>[image: {}]</p>", escape(block["alt_text"].as_str().unwrap_or_default())),
        other => format!("<p>[{}]</p>", escape(other)),
    }
}

fn text(object: &Value) -> String {
    let raw = object["text"].as_str().unwrap_or_default();
    if object["type"] == "mrkdwn" { mrkdwn(raw) } else { escape(raw).replace('\n', "<br>") }
}

/// Links and line breaks of Slack's markup; bold and italics stay as typed. The input has `&`, `<`, `>` escaped already,
/// except around links, so whatever else looks like a tag is escaped here.
fn mrkdwn(raw: &str) -> String {
    let mut html = String::new();
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('<') {
        html.push_str(&plain(before));
        let Some((inner, after)) = after.split_once('>') else {
            html.push_str("&lt;");
            rest = after;
            continue;
        };
        let (target, label) = inner.split_once('|').unwrap_or((inner, inner));
        if is_web(target) {
            html.push_str(&format!("<a href=\"{}\">{}</a>", plain(target), plain(label)));
        } else {
            html.push_str(&format!("<em>{}</em>", plain(label)));
        }
        rest = after;
    }
    html.push_str(&plain(rest));
    html.replace('\n', "<br>")
}

/// Text whose entities are Slack's own three.
fn plain(text: &str) -> String {
    escape(&text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}

fn is_web(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
