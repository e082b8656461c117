//: ended: completed
//: package: marked
//: package: markdown-it
const text = `# Title

Some *text* with \`code\`, a [link](https://example.org "there") and **more**.

| a | b |
|---|--:|
| 1 | 2 |

1. one
2. two
   - inner

\`\`\`js
let x = "<b>";
\`\`\`

> quoted
`;
console.log(marked.parse(text));
console.log(marked.lexer("# a\n\nb").map((token) => token.type).join());
console.log(markdownit({ html: false, typographer: true, quotes: "„“‚‘" }).render(text + '\n"quotes" -- (c) <script>'));
