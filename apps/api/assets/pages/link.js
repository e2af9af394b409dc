// The pages behind mail links. The token stands behind `#`, so no server and no referrer sees it until it is posted.
const PAGES = {
  'verify-email': {
    title: 'Verify your e-mail address',
    lead: 'Confirm that this address is yours.',
    button: 'Verify',
    fields: [],
    url: '/v1/auth/verify-email',
    body: (token) => ({ token }),
    done: 'The address is verified. You can submit versions for review now.',
  },
  'reset-password': {
    title: 'Choose a new password',
    lead: 'Every session of yours is ended with it.',
    button: 'Set password',
    fields: [{ name: 'password', label: 'New password', type: 'password', autocomplete: 'new-password', minLength: 8 }],
    url: '/v1/auth/reset-password',
    body: (token, values) => ({ token, password: values.password }),
    done: 'The password is set. Sign in with it.',
  },
  'forgot-password': {
    title: 'Forgot your password?',
    lead: 'A link to a new one comes by mail, if the address has an account.',
    button: 'Send link',
    fields: [{ name: 'email', label: 'E-mail address', type: 'email', autocomplete: 'email' }],
    url: '/v1/auth/forgot-password',
    body: (_token, values) => ({ email: values.email }),
    done: 'If the address has an account, a mail is on its way.',
    needsNoToken: true,
  },
  setup: {
    title: 'Create the first admin',
    lead: 'This link works once.',
    button: 'Create admin',
    fields: [
      { name: 'name', label: 'Name', type: 'text', autocomplete: 'name' },
      { name: 'email', label: 'E-mail address', type: 'email', autocomplete: 'email' },
      { name: 'password', label: 'Password', type: 'password', autocomplete: 'new-password', minLength: 8 },
    ],
    url: '/v1/auth/setup',
    body: (token, values) => ({ token, ...values }),
    done: 'The admin account is there. Sign in with it.',
  },
};

const element = (id) => document.getElementById(id);
const page = PAGES[location.pathname.split('/').at(-1)];
const token = new URLSearchParams(location.hash.slice(1)).get('token');
// The token must not stay in the history of a shared computer.
history.replaceState(null, '', location.pathname);

element('title').textContent = page.title;
document.title = `${page.title} · Mosis Platform`;
element('lead').textContent = page.lead;
element('submit').textContent = page.button;

if (!token && !page.needsNoToken) {
  say('This page is opened by the link of a mail. Open that link again.', true);
} else {
  for (const field of page.fields) {
    const label = document.createElement('label');
    const input = document.createElement('input');
    Object.assign(input, {
      id: field.name,
      name: field.name,
      type: field.type,
      required: true,
      autocomplete: field.autocomplete,
    });
    if (field.minLength) input.minLength = field.minLength;
    label.htmlFor = field.name;
    label.textContent = field.label;
    element('fields').append(label, input);
  }
  element('form').hidden = false;
  element('form').addEventListener('submit', send);
}

async function send(event) {
  event.preventDefault();
  element('submit').disabled = true;
  try {
    const values = Object.fromEntries(new FormData(element('form')));
    const answer = await fetch(page.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(page.body(token, values)),
    });
    if (answer.ok) {
      element('form').hidden = true;
      say(page.done, false);
    } else say((await answer.json()).detail, true);
  } catch {
    say('The server cannot be reached. Try again.', true);
  } finally {
    element('submit').disabled = false;
  }
}

function say(text, bad) {
  element('result').textContent = text;
  element('result').classList.toggle('bad', bad);
}
