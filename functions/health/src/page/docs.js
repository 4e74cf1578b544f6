// Renders openapi.json beside this page. Everything from the document goes in as text, never as markup.
'use strict';

const WORDS = {
  en: {
    title: 'API', raw: 'OpenAPI document', filter: 'Search paths, summaries, scopes', language: 'Language', groups: 'Groups',
    loading: 'Loading the document …', failed: 'The document could not be loaded. Reload the page in a moment.',
    empty: 'No endpoint matches this search.', skip: 'Skip to the endpoints', version: 'Version', scope: 'Scope',
    public: 'no credentials', parameters: 'Parameters', name: 'Name', place: 'In', type: 'Type', meaning: 'Meaning',
    body: 'Body', answers: 'Answers', required: 'required', example: 'Try it with curl', copy: 'Copy', copied: 'Copied',
    oneOf: 'one of', anyOf: 'any of', allOf: 'all of', values: 'one of', any: 'any value', list: 'list of', other: 'other names',
    nullable: 'or null', schemas: 'Schemas', initial: 'default', noBody: 'no body', length: 'length', items: 'items', pattern: 'pattern',
  },
  de: {
    title: 'API', raw: 'OpenAPI-Dokument', filter: 'Pfade, Beschreibungen, Berechtigungen suchen', language: 'Sprache', groups: 'Gruppen',
    loading: 'Das Dokument wird geladen …', failed: 'Das Dokument konnte nicht geladen werden. Bitte gleich noch einmal laden.',
    empty: 'Kein Endpunkt passt zu dieser Suche.', skip: 'Zu den Endpunkten', version: 'Version', scope: 'Berechtigung',
    public: 'ohne Anmeldung', parameters: 'Parameter', name: 'Name', place: 'Wo', type: 'Typ', meaning: 'Bedeutung',
    body: 'Inhalt', answers: 'Antworten', required: 'Pflicht', example: 'Mit curl ausprobieren', copy: 'Kopieren', copied: 'Kopiert',
    oneOf: 'eines von', anyOf: 'mindestens eines von', allOf: 'alles von', values: 'eines von', any: 'beliebiger Wert', list: 'Liste von',
    other: 'weitere Namen', nullable: 'oder null', schemas: 'Schemata', initial: 'Vorgabe', noBody: 'ohne Inhalt', length: 'Länge', items: 'Anzahl', pattern: 'Muster',
  },
};
const METHODS = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options'];
const LEVELS = 6;

const remembered = () => { try { return localStorage.getItem('language'); } catch { return null; } };
let language = remembered() || (navigator.language || '').slice(0, 2);
if (!WORDS[language]) language = 'en';
let api = null;

const word = (key) => WORDS[language][key];

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) if (value !== undefined) made.setAttribute(name, value);
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

// `code` in backticks, paragraphs at empty lines.
function prose(text) {
  return String(text || '').split(/\n\s*\n/).filter(Boolean).map((paragraph) =>
    element('p', {}, paragraph.split('`').map((part, n) => (n % 2 ? element('code', {}, part) : part))));
}

function resolve(schema) {
  const path = schema && schema.$ref;
  if (typeof path !== 'string' || !path.startsWith('#/')) return schema;
  return path.slice(2).split('/').reduce((at, key) => (at || {})[key.replace(/~1/g, '/').replace(/~0/g, '~')], api);
}

const nameOf = (schema) => (schema && schema.$ref ? schema.$ref.split('/').pop() : '');

function isNull(schema) {
  return schema && (schema.type === 'null' || schema.const === null);
}

// One line: what kind of value this is.
function kind(schema) {
  if (schema === true || !schema) return word('any');
  if (schema.$ref) {
    const target = resolve(schema);
    return inside(target).length || !target ? nameOf(schema) : nameOf(schema) + ' (' + (target.format || kind(target)) + ')';
  }
  const types = [].concat(schema.type || []);
  const nullable = types.includes('null') ? ' ' + word('nullable') : '';
  const main = types.filter((type) => type !== 'null');
  if (schema.enum) return word('values') + ' ' + schema.enum.map((value) => JSON.stringify(value)).join(', ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  for (const union of ['oneOf', 'anyOf']) {
    if (!schema[union]) continue;
    const parts = schema[union].filter((part) => !isNull(part)).map(kind);
    const suffix = schema[union].some(isNull) ? ' ' + word('nullable') : '';
    return (parts.length > 1 ? word(union) + ' ' + parts.join(' · ') : parts.join('')) + suffix;
  }
  if (schema.allOf) return schema.allOf.map(kind).join(' + ');
  if (main.includes('array')) return word('list') + ' ' + kind(schema.items) + nullable;
  const format = schema.format ? ' (' + schema.format + ')' : '';
  return (main.join(' / ') || (schema.properties ? 'object' : word('any'))) + format + nullable;
}

function limits(schema) {
  const shown = [];
  const add = (key, text) => { if (schema[key] !== undefined) shown.push(text + ' ' + schema[key]); };
  add('minimum', '≥'); add('maximum', '≤'); add('minLength', word('length') + ' ≥'); add('maxLength', word('length') + ' ≤');
  add('minItems', word('items') + ' ≥'); add('maxItems', word('items') + ' ≤'); add('pattern', word('pattern'));
  if (schema.default !== undefined && schema.default !== null) shown.push(word('initial') + ' ' + JSON.stringify(schema.default));
  return shown.join(', ');
}

// The schemas inside a value that have fields of their own.
function inside(schema) {
  if (!schema || typeof schema !== 'object') return [];
  if (schema.$ref) return [schema];
  if (schema.items) return inside(schema.items);
  return ['oneOf', 'anyOf', 'allOf'].flatMap((union) => schema[union] || []).filter((part) => !isNull(part)).flatMap(inside)
    .concat(schema.properties || typeof schema.additionalProperties === 'object' ? [schema] : []);
}

function fields(schema, level, seen) {
  const target = resolve(schema) || {};
  const box = element('div', { class: 'fields' });
  const required = target.required || [];
  for (const [name, field] of Object.entries(target.properties || {})) {
    box.append(row(name, field, required.includes(name), level, seen));
  }
  if (target.additionalProperties && typeof target.additionalProperties === 'object') {
    box.append(row('‹' + word('other') + '›', target.additionalProperties, false, level, seen));
  }
  if (!box.childNodes.length) {
    const deeper = inside(target).filter((part) => part !== target);
    box.append(element('div', { class: 'field' }, element('span', { class: 'muted' }, kind(target) + ' ' + limits(target))));
    if (level < LEVELS) box.append(...deeper.map((part) => nested(part, level + 1, seen)).filter(Boolean));
  }
  return box;
}

function row(name, field, required, level, seen) {
  const made = element('div', { class: 'field' }, element('code', {}, name), ' ', element('span', { class: 'muted' }, kind(field), ' ', limits(field)));
  if (required) made.append(' ', element('span', { class: 'required' }, word('required')));
  if (field && field.description) made.append(...prose(field.description));
  if (level < LEVELS) made.append(...inside(field).map((part) => nested(part, level + 1, seen)).filter(Boolean));
  return made;
}

// A schema within another: closed at first, filled when opened, so that recursion costs nothing.
function nested(schema, level, seen) {
  const name = nameOf(schema);
  const target = resolve(schema) || {};
  if (name && seen.includes(name)) return null;
  if (!inside(target).length) return null;
  const details = element('details', {}, element('summary', { class: 'muted' }, name || kind(schema)));
  details.addEventListener('toggle', () => {
    if (details.open && details.childNodes.length === 1) {
      if (target.description) details.append(...prose(target.description));
      details.append(fields(schema, level, seen.concat(name || [])));
    }
  });
  return details;
}

function shape(content) {
  const [type, media] = Object.entries(content || {})[0] || [];
  if (!media || !media.schema) return [element('p', { class: 'muted' }, type || word('noBody'))];
  return [element('p', { class: 'muted' }, type, ' — ', kind(media.schema)), fields(media.schema, 0, [nameOf(media.schema)])];
}

function table(parameters) {
  const head = element('tr', {}, ['name', 'place', 'type', 'meaning'].map((key) => element('th', { scope: 'col' }, word(key))));
  const rows = parameters.map(resolve).map((parameter) => element('tr', {},
    element('td', {}, element('code', {}, parameter.name), parameter.required ? element('div', { class: 'required' }, word('required')) : null),
    element('td', {}, parameter.in),
    element('td', {}, kind(parameter.schema), ' ', element('span', { class: 'muted' }, limits(parameter.schema || {}))),
    element('td', {}, prose(parameter.description))));
  return element('div', { class: 'scroll' }, element('table', {}, element('thead', {}, head), element('tbody', {}, rows)));
}

function curl(method, path, operation) {
  const base = new URL('.', location.href).href.replace(/\/$/, '');
  const lines = ['curl ' + (method === 'get' ? '' : '-X ' + method.toUpperCase() + ' ') + "'" + base + path + "'"];
  if (!(operation.security && operation.security.length === 0)) lines.push('  -H "Authorization: Bearer $TOKEN"');
  if (operation.requestBody) lines.push("  -H 'Content-Type: application/json'", "  -d @body.json");
  return lines.join(' \\\n');
}

function copyButton(text) {
  const button = element('button', { type: 'button' }, word('copy'));
  button.addEventListener('click', () => navigator.clipboard.writeText(text).then(() => { button.textContent = word('copied'); }, () => {}));
  return button;
}

function card(method, path, operation) {
  const open = operation.security && operation.security.length === 0;
  const badge = open ? word('public') : operation['x-scope'];
  const details = element('details', { class: 'card', id: operation.operationId },
    element('summary', {}, element('span', { class: 'method ' + method }, method.toUpperCase()), element('code', {}, path),
      element('span', {}, operation.summary || ''), badge ? element('span', { class: 'badge muted' }, badge) : null));
  details.addEventListener('toggle', () => {
    if (!details.open || details.childNodes.length > 1) return;
    const body = element('div', { class: 'body' }, prose(operation.description));
    if (badge && !open) body.append(element('p', {}, word('scope') + ': ', element('code', {}, badge)));
    if ((operation.parameters || []).length) body.append(element('h4', {}, word('parameters')), table(operation.parameters));
    if (operation.requestBody) body.append(element('h4', {}, word('body')), ...shape(resolve(operation.requestBody).content));
    body.append(element('h4', {}, word('answers')));
    for (const [status, answer] of Object.entries(operation.responses || {})) {
      const target = resolve(answer);
      const part = element('details', {}, element('summary', {}, element('code', {}, status), ' ', target.description || ''));
      if (target.content) part.append(...shape(target.content));
      body.append(part);
    }
    const command = curl(method, path, operation);
    body.append(element('h4', {}, word('example')), element('pre', {}, command), copyButton(command));
    details.append(body);
  });
  return details;
}

function operations() {
  return Object.entries(api.paths || {}).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({ method, path, operation: item[method] })));
}

function render() {
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll('[data-text]')) node.textContent = word(node.dataset.text);
  for (const node of document.querySelectorAll('[data-label]')) node.setAttribute('aria-label', word(node.dataset.label));
  for (const node of document.querySelectorAll('[data-placeholder]')) node.placeholder = word(node.dataset.placeholder);
  for (const node of document.querySelectorAll('[data-language]')) node.setAttribute('aria-pressed', node.dataset.language === language);
  if (!api) return;
  document.getElementById('version').textContent = word('version') + ' ' + (api.info || {}).version + ' ·';
  const wanted = document.getElementById('filter').value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const matches = ({ method, path, operation }) => {
    const text = [method, path, operation.summary, operation.description, operation['x-scope'], operation.operationId].join(' ').toLowerCase();
    return wanted.every((part) => text.includes(part));
  };
  const groups = new Map();
  for (const one of operations().filter(matches)) {
    const tag = (one.operation.tags || ['api'])[0];
    groups.set(tag, (groups.get(tag) || []).concat(one));
  }
  const main = document.getElementById('operations');
  const list = element('ul', {});
  const link = (id, text, count) => list.append(element('li', {}, element('a', { href: '#' + id }, text, ' ', element('span', { class: 'muted' }, String(count)))));
  main.replaceChildren(...(wanted.length ? [] : prose((api.info || {}).description)));
  for (const [tag, members] of [...groups].sort(([a], [b]) => a.localeCompare(b))) {
    link('group-' + tag, tag, members.length);
    main.append(element('section', { id: 'group-' + tag }, element('h2', {}, tag), members.map((one) => card(one.method, one.path, one.operation))));
  }
  const schemas = Object.keys((api.components || {}).schemas || {}).filter((name) => wanted.every((part) => name.toLowerCase().includes(part)));
  if (schemas.length) {
    link('group-schemas', word('schemas'), schemas.length);
    main.append(element('section', { id: 'group-schemas' }, element('h2', {}, word('schemas')), schemas.map(model)));
  }
  if (!groups.size && !schemas.length) main.append(element('p', { class: 'muted', role: 'status' }, word('empty')));
  document.getElementById('groups').replaceChildren(list);
  reveal();
}

function model(name) {
  const schema = { $ref: '#/components/schemas/' + name };
  const details = element('details', { class: 'card', id: 'schema-' + name }, element('summary', {}, element('code', {}, name)));
  details.addEventListener('toggle', () => {
    if (details.open && details.childNodes.length === 1) {
      details.append(element('div', { class: 'body' }, prose((resolve(schema) || {}).description), fields(schema, 0, [name])));
    }
  });
  return details;
}

// Opens what the address names.
function reveal() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  if (target.tagName === 'DETAILS') target.open = true;
  target.scrollIntoView();
}

for (const button of document.querySelectorAll('[data-language]')) {
  button.addEventListener('click', () => {
    language = button.dataset.language;
    try { localStorage.setItem('language', language); } catch { /* it is asked again next time */ }
    render();
  });
}
document.getElementById('filter').addEventListener('input', render);
addEventListener('hashchange', reveal);
render();
fetch('openapi.json').then((answer) => (answer.ok ? answer.json() : Promise.reject(answer.status))).then((found) => {
  api = found;
  render();
}).catch(() => {
  const state = document.getElementById('state');
  if (state) { state.dataset.text = 'failed'; state.textContent = word('failed'); }
});
