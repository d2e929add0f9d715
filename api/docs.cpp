#include "api/docs.h"

namespace tenure {

std::string_view docs_policy() {
  return "default-src 'none'; connect-src 'self'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
         "frame-ancestors 'none'; base-uri 'none'";
}

std::string_view docs_page() {
  return R"page(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tenure API</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24; }
summary { cursor: pointer; padding: .3rem 0; }
code, pre { font: 13px/1.5 ui-monospace, monospace; }
pre { background: #f5f6f8; padding: .7rem; overflow: auto; }
.method { display: inline-block; width: 4.5rem; font-weight: 600; }
.about { color: #59636e; margin-left: .6rem; }
table { border-collapse: collapse; } td, th { text-align: left; padding: .15rem .8rem .15rem 0; vertical-align: top; }
</style>
</head>
<body>
<h1>Tenure API</h1>
<p>Made from <a href="/v1/openapi.json">/v1/openapi.json</a>. Send a credential as <code>Authorization: Bearer ...</code>.</p>
<main id="paths"><p>Loading ...</p></main>
<h2>Reasons of refusals</h2>
<table id="reasons"></table>
<h2>Shapes</h2>
<div id="shapes"></div>
<script>
const element = (name, text, kind) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
};
const details = (summary, ...inside) => {
  const made = element('details');
  const head = element('summary');
  head.append(...summary);
  made.append(head, ...inside);
  return made;
};
const shape = (schema) => element('pre', JSON.stringify(schema, null, 2));
fetch('/v1/openapi.json').then((answer) => answer.json()).then((api) => {
  const paths = document.getElementById('paths');
  paths.replaceChildren();
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, call] of Object.entries(methods)) {
      const table = element('table');
      for (const parameter of call.parameters) {
        const row = element('tr');
        row.append(element('td', parameter.name), element('td', parameter.in), element('td', JSON.stringify(parameter.schema)));
        table.append(row);
      }
      const inside = [table];
      if (call.requestBody) inside.push(element('h4', 'Body'), shape(call.requestBody.content['application/json'].schema));
      inside.push(element('h4', 'Answers'), shape(call.responses));
      paths.append(details([element('span', method.toUpperCase(), 'method'), element('code', path),
                            element('span', call.summary, 'about')], ...inside));
    }
  }
  for (const reason of api['x-reasons']) {
    const row = element('tr');
    row.id = reason.name;
    row.append(element('td', reason.status), element('td', reason.name), element('td', reason.title + '. ' + reason.remedy));
    document.getElementById('reasons').append(row);
  }
  for (const [name, schema] of Object.entries(api.components.schemas)) {
    document.getElementById('shapes').append(details([element('code', name)], shape(schema)));
  }
  document.getElementById(location.hash.slice(1))?.scrollIntoView();
});
</script>
</body>
</html>
)page";
}

}  // namespace tenure
