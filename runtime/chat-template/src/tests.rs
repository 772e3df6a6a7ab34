//! Templates of well-known models, as in their files (without the parts for tools and images).

use InputRole::{Assistant, System, User};

use super::*;

const SMOLLM2: &str = "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

const GEMMA2: &str = "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}";

const MISTRAL: &str = r#"{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\n\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- else %}
        {{- raise_exception("Only user and assistant roles are supported!") }}
    {%- endif %}
{%- endfor %}
"#;

const LLAMA3: &str = r#"{{- bos_token }}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "26 Jul 2024" %}
    {%- endif %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\n\n" }}
{{- "Today Date: " + date_string + "\n\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
{%- endif %}
"#;

const QWEN3: &str = r#"{%- if tools %}{{ raise_exception('no tools here') }}{%- endif %}
{%- if messages[0].role == 'system' %}
    {{- '<|im_start|>system\n' + messages[0].content + '<|im_end|>\n' }}
{%- endif %}
{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' }}
    {%- elif message.role == "assistant" %}
        {%- set content = message.content %}
        {%- if '</think>' in content %}
            {%- set content = content.split('</think>')[-1].lstrip('\n') %}
        {%- endif %}
        {{- '<|im_start|>' + message.role + '\n' + content + '<|im_end|>\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
{%- endif %}"#;

fn template(source: &str) -> ChatTemplate {
    ChatTemplate::new(source, "<s>".into(), "</s>".into()).unwrap()
}

/// The pieces as one text, in which `{0}` stands for the content of message 0.
fn render(source: &str, roles: &[InputRole]) -> String {
    text(template(source).render(roles, &Wishes::default()).unwrap())
}

fn text(pieces: Vec<Piece>) -> String {
    pieces
        .into_iter()
        .map(|piece| match piece {
            Piece::Reasoning(index) => format!("⟨thought {index}⟩"),
            Piece::Literal(text) => text,
            Piece::Content(index) => format!("{{{index}}}"),
        })
        .collect()
}

#[test]
fn smollm2_renders_chatml() {
    assert_eq!(
        render(SMOLLM2, &[System, User, Assistant, User]),
        "<|im_start|>system\n{0}<|im_end|>\n<|im_start|>user\n{1}<|im_end|>\n\
         <|im_start|>assistant\n{2}<|im_end|>\n<|im_start|>user\n{3}<|im_end|>\n\
         <|im_start|>assistant\n"
    );
}

#[test]
fn a_refused_system_message_is_put_before_the_first_user_message() {
    assert_eq!(
        render(GEMMA2, &[System, User, Assistant, User]),
        "<s><start_of_turn>user\n{0}\n\n{1}<end_of_turn>\n<start_of_turn>model\n{2}<end_of_turn>\n\
         <start_of_turn>user\n{3}<end_of_turn>\n<start_of_turn>model\n"
    );
}

#[test]
fn consecutive_messages_of_one_role_are_joined() {
    assert_eq!(
        render(GEMMA2, &[System, User, User]),
        "<s><start_of_turn>user\n{0}\n\n{1}\n\n{2}<end_of_turn>\n<start_of_turn>model\n"
    );
}

#[test]
fn the_system_message_stays_where_the_template_puts_it() {
    assert_eq!(
        render(MISTRAL, &[System, User, Assistant, User]),
        "<s>[INST] {1}[/INST] {2}</s>[INST] {0}\n\n{3}[/INST]"
    );
}

#[test]
fn llama_templates_can_render_the_date() {
    let text = render(LLAMA3, &[System, User]);
    let (head, rest) = text.split_once("Today Date: ").unwrap();
    let (date, rest) = rest.split_once("\n\n").unwrap();
    assert_eq!(head, "<s><|start_header_id|>system<|end_header_id|>\n\n");
    assert_eq!(date.len(), "26 Jul 2024".len());
    assert_eq!(
        rest,
        "{0}<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n{1}<|eot_id|>\
         <|start_header_id|>assistant<|end_header_id|>\n\n"
    );
}

#[test]
fn qwen_templates_can_call_python_methods() {
    assert_eq!(
        render(QWEN3, &[System, User, Assistant, User]),
        "<|im_start|>system\n{0}<|im_end|>\n<|im_start|>user\n{1}<|im_end|>\n\
         <|im_start|>assistant\n{2}<|im_end|>\n<|im_start|>user\n{3}<|im_end|>\n\
         <|im_start|>assistant\n"
    );
}

#[test]
fn an_endless_template_runs_out_of_fuel() {
    let source =
        "{% for i in range(9999) %}{% for j in range(9999) %}{{ i }}{% endfor %}{% endfor %}";
    let error = template(source).render(&[User], &Wishes::default()).unwrap_err();
    assert!(matches!(error, TemplateError::Refused(_)), "{error}");
}

#[test]
fn templates_that_do_not_parse_or_drop_messages_are_refused() {
    let broken = ChatTemplate::new("{% for %}", String::new(), String::new());
    assert!(matches!(broken, Err(TemplateError::Parse(_))));
    let silent =
        template("{{ messages[0].content }}").render(&[User, Assistant, User], &Wishes::default());
    assert!(matches!(silent, Err(TemplateError::Dropped)));
}

/// The end of the templates of Qwen3, GLM, SmolLM3 and others.
const SWITCH: &str = "{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\n\n</think>\n\n' }}{%- endif %}";
/// From the template of DeepSeek V3.1.
const THINKING: &str = "{%- if not thinking is defined %}{%- set thinking = false %}{%- endif %}{{ messages[0].content }}{% if thinking %}<think>{% else %}</think>{% endif %}";
/// From the template of gpt-oss.
const HARMONY: &str = "{%- if reasoning_effort is not defined %}{%- set reasoning_effort = 'medium' %}{%- endif %}{{- 'Reasoning: ' + reasoning_effort + '\n' }}{{ messages[0].content }}";
/// The way in which Qwen3 and GLM write earlier thinking.
const THOUGHTS: &str = "{% for m in messages %}[{{ m.role }}]{% if m.reasoning_content is string %}<think>{{ m.reasoning_content.strip('\n') }}</think>{% endif %}{{ m.content }}{% endfor %}";

fn told(source: &str, effort: Option<&str>) -> String {
    let wishes = Wishes { effort: effort.map(|name| name.parse().unwrap()), ..Wishes::default() };
    text(template(source).render(&[User], &wishes).unwrap())
}

fn efforts(source: &str) -> Vec<String> {
    template(source).efforts().into_iter().map(String::from).collect()
}

#[test]
fn the_effort_is_passed_in_the_variable_that_the_template_reads() {
    let qwen = format!("{QWEN3}{SWITCH}");
    assert_eq!(efforts(&qwen), ["none", "high"]);
    assert!(
        told(&qwen, None).ends_with("assistant\n")
            && told(&qwen, Some("high")) == told(&qwen, None)
    );
    assert!(told(&qwen, Some("none")).ends_with("<think>\n\n</think>\n\n"));
    assert_eq!(efforts(THINKING), ["none", "high"]);
    assert_eq!(told(THINKING, None), "{0}</think>");
    assert_eq!(told(THINKING, Some("high")), "{0}<think>");
    assert_eq!(efforts(HARMONY), ["low", "medium", "high"]);
    assert_eq!(told(HARMONY, None), "Reasoning: medium\n{0}");
    assert_eq!(told(HARMONY, Some("high")), "Reasoning: high\n{0}");
}

#[test]
fn a_template_that_reads_no_effort_variable_offers_no_efforts() {
    for source in [SMOLLM2, GEMMA2, MISTRAL, LLAMA3, QWEN3, THOUGHTS] {
        assert!(efforts(source).is_empty(), "{source}");
    }
}

#[test]
fn earlier_reasoning_is_rendered_if_requested() {
    let roles = [User, Assistant, User, Assistant, User];
    let render = |reasoned: &[usize]| {
        let wishes = Wishes { reasoned: reasoned.to_vec(), ..Wishes::default() };
        text(template(THOUGHTS).render(&roles, &wishes).unwrap())
    };
    assert_eq!(render(&[]), "[user]{0}[assistant]{1}[user]{2}[assistant]{3}[user]{4}");
    assert_eq!(
        render(&[3]),
        "[user]{0}[assistant]{1}[user]{2}[assistant]<think>⟨thought 3⟩</think>{3}[user]{4}"
    );
}
