//! The events of an answer by OpenAI's Responses API
//! (<https://platform.openai.com/docs/api-reference/responses-streaming>).

use serde_json::{Value, json};

use crate::script::Answer;

/// The events before the text.
pub(crate) fn begin(answer: &Answer) -> Vec<Value> {
    let response = json!({ "id": "resp_scripted", "status": "in_progress", "error": null });
    let mut events = vec![
        json!({ "type": "response.created", "response": response }),
        json!({ "type": "response.in_progress", "response": response }),
    ];
    if let Some(reasoning) = &answer.reasoning {
        let part = json!({ "output_index": 0, "summary_index": 0 });
        let item = json!({ "type": "reasoning", "summary": [] });
        events.extend([
            json!({ "type": "response.output_item.added", "output_index": 0, "item": item }),
            with("response.reasoning_summary_part.added", &part, json!({})),
            with("response.reasoning_summary_text.delta", &part, json!({ "delta": reasoning })),
            with("response.reasoning_summary_text.done", &part, json!({ "text": reasoning })),
        ]);
    }
    let item = json!({ "type": "message", "role": "assistant", "content": [] });
    events.push(json!({ "type": "response.output_item.added", "output_index": 1, "item": item }));
    events
}

/// The event of a piece of text.
pub(crate) fn delta(piece: &str) -> Value {
    with("response.output_text.delta", &text_part(), json!({ "delta": piece }))
}

/// The events after the text; none if the answer has no end.
pub(crate) fn end(answer: &Answer, pieces: &[String], asked: usize) -> Vec<Value> {
    if answer.finish.is_empty() {
        return Vec::new();
    }
    let text = pieces.concat();
    let done = with("response.output_text.done", &text_part(), json!({ "text": text }));
    let content = json!([{ "type": "output_text", "text": text }]);
    let output = json!([{ "type": "message", "role": "assistant", "content": content }]);
    let mut response = json!({ "id": "resp_scripted", "error": null, "output": output });
    if answer.usage {
        response["usage"] = json!({
            "input_tokens": asked, "output_tokens": pieces.len(),
            "output_tokens_details": { "reasoning_tokens": 0 }, "total_tokens": asked + pieces.len(),
        });
    }
    let kind = if answer.finish == "stop" { "completed" } else { "incomplete" };
    response["status"] = json!(kind);
    if kind == "incomplete" {
        response["incomplete_details"] = json!({ "reason": answer.finish });
    }
    vec![done, json!({ "type": format!("response.{kind}"), "response": response })]
}

fn text_part() -> Value {
    json!({ "item_id": "msg_scripted", "output_index": 1, "content_index": 0 })
}

fn with(kind: &str, place: &Value, more: Value) -> Value {
    let mut event = json!({ "type": kind });
    for part in [place, &more] {
        for (name, value) in part.as_object().into_iter().flatten() {
            event[name] = value.clone();
        }
    }
    event
}
