// What the tests in a real Chromium share: a browser, pages of which every word on the console and every request to somebody else is a fault, axe-core, the keyboard.
import {mkdirSync, readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {chromium} from 'playwright-core';

export const {SHOTS} = process.env;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
export const faults = [];
export const sizes = {
	desk: {viewport: {width: 1280, height: 900}},
	phone: {viewport: {width: 390, height: 844}, isMobile: true, hasTouch: true, deviceScaleFactor: 2},
};

export function say(...words) {
	console.log(new Date().toISOString().slice(11, 19), ...words);
}

export function want(good, what) {
	if (!good)
		throw new Error(what);
}

export async function until(what, ms, look) {
	const end = Date.now() + ms;
	for (;;) {
		const found = await look();
		if (found)
			return found;
		if (Date.now() > end)
			throw new Error(`not within ${ms / 1000} s: ${what}`);
		await new Promise((resolve) => setTimeout(resolve, 100));
	}
}

export async function launch() {
	if (SHOTS)
		mkdirSync(SHOTS, {recursive: true});
	return chromium.launch({
		executablePath: '/usr/bin/chromium',
		args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
	});
}

// own: what every URL begins with that may be asked for. excused: may the console say this?
export async function open(browser, options, own, excused = () => false) {
	const context = await browser.newContext(options);
	const page = await context.newPage();
	page.on('console', (message) => {
		if (['error', 'warning'].includes(message.type()) && !excused(message))
			faults.push(`console: ${message.text()}`);
	});
	page.on('pageerror', (error) => faults.push(`script: ${error}`));
	page.on('request', (request) => {
		if (!request.url().startsWith(own))
			faults.push(`asked of another host: ${request.url()}`);
	});
	return page;
}

// OPTIONS: axe-core's own
export async function accessible(page, what, options = {}) {
	await page.evaluate(axe);
	const {violations} = await page.evaluate((with_) => axe.run(with_), options);
	for (const violation of violations)
		faults.push(`axe, ${what}: ${violation.id} (${violation.impact}): ${violation.help}: ${violation.nodes.map((node) => node.target).join(', ')}`);
}

// All that axe-core has to say, and in the dark what is another thing there: colours.
// Colours do not depend on the width: at the desk they are looked at in the dark scheme, too.
export async function accessibleInBoth(page, what) {
	if (page.viewportSize().width === sizes.desk.viewport.width) {
		await page.emulateMedia({colorScheme: 'dark'});
		await accessible(page, `${what}, dark`, {runOnly: {type: 'rule', values: ['color-contrast', 'link-in-text-block']}});
		await page.emulateMedia({colorScheme: 'light'});
	}
	await accessible(page, `${what}, light`);
	const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
	want(wide <= 0, `${what} is ${wide} px wider than its window`);
}

export async function shot(page, name, options = {}) {
	if (SHOTS)
		await page.screenshot({path: `${SHOTS}/${name}.png`, ...options});
}

export async function focused(page) {
	return page.evaluate(() => {
		const at = document.activeElement;
		const style = getComputedStyle(at);
		return {words: at.getAttribute('aria-label') || at.textContent.trim(), outline: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
			href: at.getAttribute('href'), tag: at.tagName};
	});
}

export async function goTo(page, what, test) {
	const passed = [];
	for (let i = 0; i < 60; i++) {
		await page.keyboard.press('Tab');
		const at = await focused(page);
		passed.push(at.words);
		if (at.tag === 'BODY')
			break;
		want(at.outline, `the focus shows at "${at.words}"`);
		if (test(at))
			return;
	}
	throw new Error(`no way by Tab to ${what}; passed ${passed.join(', ')}`);
}

// Nothing was said, nothing asked of others, and axe-core has nothing to say.
export function wantNoFaults() {
	want(faults.length === 0, faults.join('\n'));
}
