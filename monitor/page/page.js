// The page is whole without this. With it, progress moves as it is told, and whatever else happens makes the parts that changed be
// fetched anew from the server, which is the only one that knows how to say things.
'use strict';

const SOON_MS = 400;
const AGES_MS = 30000;
const live = document.getElementById('live');
const told = new Map(); // the newest progress of each pipeline
let timer = 0;
let fetching = false;
let again = false;

function tell(text) {
	if (live.textContent !== text)
		live.textContent = text;
}

function bytes(n) {
	const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
	let at = 0;
	while (n >= 999.5 && at < units.length - 1) {
		n /= 1000;
		at++;
	}
	return (at === 0 ? String(Math.round(n)) : n.toPrecision(3)) + ' ' + units[at];
}

function span(seconds) {
	const units = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
	const at = Math.max(units.findIndex(([size]) => seconds >= size), 0);
	if (seconds < 1)
		return '0 s';
	const whole = Math.floor(seconds / units[at][0]);
	const rest = at + 1 < units.length ? Math.floor(seconds % units[at][0] / units[at + 1][0]) : 0;
	return whole + ' ' + units[at][1] + (rest > 0 ? ' ' + rest + ' ' + units[at + 1][1] : '');
}

// Takes the new part's place over, with the focus and what was unfolded.
function swap(old, fresh) {
	if (old.outerHTML === fresh.outerHTML)
		return;
	const focus = document.activeElement;
	const key = old.contains(focus) ? focus.id || focus.getAttribute('href') || focus.getAttribute('aria-label') : null;
	const scrolled = [...old.querySelectorAll('.scroll')].map((part) => part.scrollLeft);
	old.replaceWith(fresh);
	fresh.querySelectorAll('.scroll').forEach((part, i) => { part.scrollLeft = scrolled[i] || 0; });
	if (key === null)
		return;
	for (const part of fresh.querySelectorAll('[id], [href], [aria-label]'))
		if (part.id === key || part.getAttribute('href') === key || part.getAttribute('aria-label') === key)
			return part.focus({preventScroll: true});
}

function parts(root) {
	return [...root.querySelectorAll('[data-live]')];
}

function take(fresh) {
	const before = parts(document).map((part) => part.id).join(' ');
	const after = parts(fresh).map((part) => part.id).join(' ');
	document.title = fresh.title;
	if (before !== after)
		return swap(document.getElementById('main'), document.adoptNode(fresh.getElementById('main')));
	for (const part of parts(fresh))
		swap(document.getElementById(part.id), document.adoptNode(part));
	for (const event of told.values()) {
		const card = document.getElementById('p-' + event.subject);
		if (card && card.dataset.run === event.data.run && card.querySelector('.running b').textContent === event.data.step)
			progress(event);
	}
}

async function refresh() {
	timer = 0;
	if (fetching) {
		again = true;
		return;
	}
	fetching = true;
	try {
		const answer = await fetch(location.pathname, {cache: 'no-store'});
		if (answer.ok)
			take(new DOMParser().parseFromString(await answer.text(), 'text/html'));
	} catch {
		tell('The monitor does not answer; trying again.');
	}
	fetching = false;
	if (again) {
		again = false;
		soon();
	}
}

function soon() {
	if (timer === 0)
		timer = setTimeout(refresh, SOON_MS);
}

// What the server's page says may be a moment older than what was told: a bar does not go back.
function progress(event) {
	told.set(event.subject, event);
	const card = document.getElementById('p-' + event.subject);
	const bar = card && card.querySelector('progress');
	const numbers = card && card.querySelector('.numbers');
	if (!card)
		return;
	if (!bar || !numbers || card.dataset.run !== event.data.run)
		return soon();
	const {done, total, rate, eta_s: eta} = event.data;
	if (total > 0) {
		bar.max = total;
		bar.value = Math.min(done, total);
	} else {
		bar.removeAttribute('value');
	}
	const words = [total > 0 ? Math.floor(100 * done / total) + ' %' : '', bytes(done) + (total > 0 ? ' of ' + bytes(total) : ''),
		rate > 0 ? bytes(rate) + '/s' : '', eta === null ? '' : span(eta) + ' left'];
	numbers.textContent = words.filter((word) => word !== '').join(' · ');
}

function listen() {
	const source = new EventSource('/api/v1/events');
	source.onopen = () => {
		tell('Live.');
		soon();
	};
	source.onmessage = (message) => {
		const event = JSON.parse(message.data);
		if (event.type === 'aob.step.progress')
			progress(event);
		else
			soon();
	};
	source.onerror = () => {
		tell('Not live; connecting again.');
		if (source.readyState === EventSource.CLOSED)
			setTimeout(listen, 5000);
	};
}

listen();
setInterval(soon, AGES_MS);
