//! Texts as people and models write them, with the expected rendering. The addresses are reports
//! from other consoles.

/// Texts, and a part of the expected HTML of each.
const CASES: [(&str, &str); 78] = [
    // Money is money.
    ("The price is $10-$20.", "<p>The price is $10-$20.</p>"),
    ("**$4** and **$5** each.", "<strong>$4</strong> and <strong>$5</strong> each."),
    (
        "| Plan | Price |\n|---|---|\n| Basic | $10/mo ($100/yr) |",
        "<td>Basic</td><td>$10/mo ($100/yr)</td>",
    ),
    ("約~$1,550、(~5)と(~6)", "<p>約~$1,550、(~5)と(~6)</p>"),
    // https://github.com/ziatdinovmax/SciLink/issues/636
    ("(1.58 g/L, ~$0.79/m³), ~~gone~~", "~$0.79/m³), <del>gone</del>"),
    // https://github.com/ggml-org/llama.cpp/issues/17221
    ("```python\nfoo = \"\\(bar\\)\"\n```", "\\(bar\\)"),
    // Emphasis beside Chinese, Japanese and Korean.
    (
        "彼は**「はい。」**と言い、**「いいえ。」**と答えた。",
        "彼は<strong>「はい。」</strong>と言い、<strong>「いいえ。」</strong>と答えた。",
    ),
    // https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/1243
    (
        "**Markdown（マークダウン）**は軽量マークアップ言語です。",
        "<strong>Markdown（マークダウン）</strong>は",
    ),
    // https://github.com/QwenLM/qwen-code/issues/9456
    ("**该星号不会被识别。**这是因为", "<strong>该星号不会被识别。</strong>这是因为"),
    ("这是**“取出并重置”模式**。", "这是<strong>“取出并重置”模式</strong>。"),
    ("这是**\"取出\"（take）模式**。", "这是<strong>&quot;取出&quot;（take）模式</strong>。"),
    // https://github.com/kirodotdev/KiroCrew/pull/2323
    ("*这是斜体文字（带括号）。*这句子继续。", "<em>这是斜体文字（带括号）。</em>这句子继续。"),
    ("~~删除的文字（带括号）。~~这个句子", "<del>删除的文字（带括号）。</del>这个句子"),
    ("**\"강조\"**는 중요하다.", "<strong>&quot;강조&quot;</strong>는"),
    ("これは**「重要」**です", "これは<strong>「重要」</strong>です"),
    ("**手順(準備)**を行う", "<strong>手順(準備)</strong>を行う"),
    ("まず**第一に、**次へ", "まず<strong>第一に、</strong>次へ"),
    ("2 ** 3 ** 4", "2 ** 3 ** 4"),
    ("a**\"b\"**c", "a**&quot;b&quot;**c"),
    (r"これは\*\*「重要」\*\*です", "これは**「重要」**です"),
    ("`これは**「x」**です`", "<code>これは**「x」**です</code>"),
    // Line breaks stay. https://github.com/omnigent-ai/omnigent/issues/6618
    (
        "Roses are red\nViolets are blue\n\nName: Ada\nRole: Engineer",
        "<p>Roses are red<br />\nViolets are blue</p>",
    ),
    ("- Name: Ada\n  Role: Engineer", "<li>Name: Ada<br />\nRole: Engineer</li>"),
    ("> a\n> b", "a<br />\nb"),
    // HTML of a closed list. https://github.com/ggml-org/llama.cpp/issues/17462
    ("| Item | Notes |\n|---|---|\n| One | first<br>second |", "<td>first<br />second</td>"),
    ("a<br/>b<BR >c", "a<br />b<br />c"),
    ("a<br>\nb", "a<br />\nb"),
    ("Press <kbd>Esc</kbd>, H<sub>2</sub>O", "<kbd>Esc</kbd>, H<sub>2</sub>O"),
    // https://github.com/open-webui/open-webui/issues/11414
    ("x<sup>2</sup> and <mark>**y**</mark>", "x<sup>2</sup> and <mark><strong>y</strong></mark>"),
    ("- m<sup>2</sup>\n- b", "<li>m<sup>2</sup></li>"),
    ("**a<sub>b** c</sub>", "<strong>a<sub>b</sub></strong> c&lt;/sub&gt;"),
    ("a<sub>b\n\nc", "<p>a<sub>b</sub></p><p>c</p>"),
    ("<sub class=\"x\" onclick=y>a</sub>", "<p><sub>a</sub></p>"),
    ("`a<br>b` and a\\<br>", "<code>a&lt;br&gt;b</code> and a&lt;br&gt;"),
    ("<div>**a**</div>\n<b>c</b>", "&lt;div&gt;<strong>a</strong>&lt;/div&gt;<br />\n&lt;b&gt;c"),
    (
        "<details><summary>More</summary>\n\nHidden text.\n\n</details>",
        "<details><summary>More</summary>\n<p>Hidden text.</p>\n</details>",
    ),
    // Without blank lines, as models write it.
    (
        "<details>\n  <summary>**M**</summary>\n  Hidden *text*.\n</details>\nmore",
        "<details><summary><strong>M</strong></summary>\n<p>Hidden <em>text</em>.</p>\n</details><p>more",
    ),
    ("<details><summary>M</summary>one</details>", "<p>one</p>\n</details>"),
    ("- <details><summary>M</summary>one</details>\n- two", "<p>one</p>\n</details></li>"),
    ("<details>\n\nnever closed", "<details open><p>never closed</p>\n</details>"),
    ("a </details> b </summary> c", "<p>a &lt;/details&gt; b &lt;/summary&gt; c</p>"),
    ("<summary>alone</summary>", "&lt;summary&gt;alone&lt;/summary&gt;"),
    // A file with fences in a fence. https://github.com/open-webui/open-webui/issues/5016
    (
        "```markdown\n# A\n\n```bash\nls\n```\n\nB\n```\nC",
        "```bash\nls\n```\n\nB\n</code></pre></div><p>C</p>",
    ),
    ("````md\n```\na\n```\n````\nb", "```\na\n```\n</code></pre></div><p>b</p>"),
    ("```rust\na\n```\nb", "</code></pre></div><p>b</p>"),
    // Formulas beside other things.
    ("| abs |\n|---|\n| $|x|$ |", "<td><math>"),
    ("a \\(x_1\\) b \\(x_2\\)", "</math> b <math>"),
    // https://github.com/ggml-org/llama.cpp/issues/21795
    ("A bet of $\\$0.60$ on it", "A bet of <math>"),
    // Links and addresses.
    ("https://a.example/a_b_c and <https://b.example>", ">https://a.example/a_b_c</a> and <a href"),
    ("| https://a.example/x |\n|---|\n| b |", ">https://a.example/x</a></th>"),
    ("**https://a.example**は", "<strong><a href=\"https://a.example\""),
    ("[https://a.example](https://b.example)", "<a href=\"https://b.example\""),
    ("詳しくはhttps://a.exampleを", ">https://a.example</a>を"),
    // https://github.com/openchamber/openchamber/issues/3039
    ("访问 https://a.example/docs（中文说明）了解", ">https://a.example/docs</a>（中文说明）了解"),
    // https://github.com/tiann/hapi/issues/478
    ("已创建：https://a.example/477，涵盖", ">https://a.example/477</a>，涵盖"),
    // A single tilde means "about" or "up to". https://github.com/agegr/pi-web/issues/385
    ("5~7U 保证金 × 100~200倍", "<p>5~7U 保证金 × 100~200倍</p>"),
    // https://github.com/Mininglamp-OSS/octo-web/pull/1328
    ("| 25~30 | ~x~ |\n|---|---|\n| ~~25~30~~ | 1 |", "<th>25~30</th><th>~x~</th>"),
    ("| 25~30 | ~x~ |\n|---|---|\n| ~~25~30~~ | 1 |", "<td><del>25~30</del></td>"),
    // https://github.com/github/copilot-cli/issues/1936
    ("Fix (~2000 lines) and delete (~5000 lines)", "<p>Fix (~2000 lines) and delete (~5000 lines)"),
    // Text that looks like a tag but is none is not lost.
    // https://github.com/humanlayer/humanlayer/issues/530
    ("Vec<T>, Map<string, List<Photo>> x", "Vec&lt;T&gt;, Map&lt;string, List&lt;Photo&gt;&gt; x"),
    // https://github.com/paperclipai/paperclip/issues/2680
    ("| Time | Bad |\n|---|---|\n| <30s | >60s |", "<td>&lt;30s</td><td>&gt;60s</td>"),
    // https://github.com/Niek/chatgpt-web/issues/354
    ("Nest tags \\<foo\\> and <bar>", "Nest tags &lt;foo&gt; and &lt;bar&gt;"),
    // https://github.com/mozilla-ai/llamafile/issues/317
    ("FIND_IN_SET, `FIND_IN_SET()`", "FIND_IN_SET, <code>FIND_IN_SET()</code>"),
    // https://github.com/cogentapps/chat-with-gpt/issues/47
    ("1. one\n\n```\ncode\n```\n\n2. two", "<ol start=\"2\"><li>two</li>"),
    // https://github.com/i-am-bee/agentstack/issues/1110
    ("~~~markdown\nA\n```py\nb\n```\nC\n~~~\nD", "```\nC\n</code></pre></div><p>D</p>"),
    // https://github.com/DEEIX-AI/DEEIX-Chat/pull/735
    ("```markdown\n## T\n```text\nD\n```\n## N\n```", "```\n## N\n</code></pre></div>"),
    // https://github.com/LostRuins/koboldcpp/issues/1688
    ("1. $\\frac{1}{a}$ and $\\frac{1}{b}$", "</math> and <math>"),
    // Environments that need no delimiters.
    ("So:\n\\begin{equation}\na = b\n\\end{equation}\nfor all", "<mi>a</mi>"),
    ("- \\begin{align*}\n  a &= b \\\\\n  c &= d\n  \\end{align*}\n- two", "<mtable"),
    ("`\\begin{align}a\\end{align}`", "<code>\\begin{align}a\\end{align}</code>"),
    ("\\begin{equation}\nx", "<p>\\begin{equation}<br />\nx</p>"),
    ("\\begin{document}a\\end{document}", "<p>\\begin{document}a\\end{document}</p>"),
    // A formula that cannot be converted is shown with its delimiters.
    ("$\\ce{H2O}$", "<code class=\"latex\">$\\ce{H2O}$</code>"),
    // Characters that are not allowed in HTML.
    ("a\0b `c\0`", "a\u{FFFD}b <code>c\u{FFFD}</code>"),
    ("a\rb\r\nc", "a<br />\nb<br />\nc"),
    ("a \u{F0000} `\u{F0001}` $x$", "a \u{F0000} <code>\u{F0001}</code> <math>"),
    ("a*b*c 2*3*4 snake_case_name", "a<em>b</em>c 2<em>3</em>4 snake_case_name"),
    ("1) one\n2) two", "<ol><li>one</li>\n<li>two</li>\n</ol>"),
];

/// The HTML of a text, without the highlighting of its code.
fn html(text: &str) -> String {
    let html = super::html(text);
    let mut pieces = html.split("<span class=\"s-");
    let first = pieces.next().unwrap().to_owned();
    let code = pieces.map(|piece| piece.split_once('>').unwrap().1.replace("</span>", ""));
    first + &code.collect::<String>()
}

#[test]
fn texts_of_people_and_models_render_as_intended() {
    let wrong: Vec<String> = CASES
        .into_iter()
        .filter(|(text, expected)| !html(text).contains(expected))
        .map(|(text, expected)| format!("{text:?}\n  gives  {:?}\n  not {expected:?}", html(text)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
