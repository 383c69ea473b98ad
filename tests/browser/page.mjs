// The status page in a real Chromium, at the size of a desk and of a phone: progress moves during a real run, a failure appears and goes, everything
// is reached by the keyboard, nothing is said on the console, nothing is asked of another host, axe-core has nothing to say. Run by
// tests/integration/310-…, which has made the lab: SOURCE is the pipeline `mac`'s source, its rate 2 MB/s, one generation is published.
import {execFileSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {renameSync, writeFileSync} from 'node:fs';
import {accessibleInBoth, focused, goTo, launch, open as openOf, say, shot, sizes, until, want, wantNoFaults} from './lab.mjs';

const PAGE = 'http://127.0.0.1:9877';
const {SOURCE} = process.env;

const aob = (...words) => execFileSync('aob', words, {encoding: 'utf8'});
const write = (name, bytes) => writeFileSync(`${SOURCE}/${name}`, randomBytes(bytes));

// A server that was killed on purpose may be missed on the console.
let killed = false;
const open = (browser, options) => openOf(browser, options, PAGE + '/', () => killed);

const has = (page, selector, words) => until(`"${words}" in ${selector}`, 30000, async () => (await page.locator(selector).first().textContent()).includes(words));

async function progressMoves(pages) {
	// The page itself writes down where its bar is, so that nothing is missed while this program is slow.
	for (const page of pages)
		await page.evaluate(() => {
			window.seen = [];
			setInterval(() => {
				const bar = document.querySelector('#p-mac progress[max]');
				if (bar && bar.position > 0 && bar.position !== window.seen.at(-1) && document.querySelector("#p-mac .running b").textContent !== "prune")
					window.seen.push(bar.position);
			}, 50);
		});
	write('video.mov', 24e6);
	aob('run', 'mac', '--now');
	await until('a quarter is done', 90000, () => pages[0].evaluate(() => window.seen.at(-1) > 0.25));
	want(/\d+ % · .* of .* · .*B\/s/.test(await pages[0].locator('#p-mac .numbers').textContent()), 'speed is told');
	await shot(pages[0], 'status-running');
	await shot(pages[1], 'status-phone', {scale: 'css'});
	for (const page of pages)
		await until('the run is over', 90000, async () => await page.locator('#p-mac .running').count() === 0);
	const seen = new Map();
	for (const page of pages)
		seen.set(page, await page.evaluate(() => window.seen));
	for (const list of seen.values())
		want(list.length >= 4, `progress moved: ${list}`);
	for (const list of seen.values())
		want(list.every((value, i) => i === 0 || value > list[i - 1]), `it goes up: ${list}`);
	say('progress moved:', ...[...seen.values()].map((list) => list.map((value) => value.toFixed(2)).join(' ')));
}

async function worksWithoutScript(browser) {
	const page = await open(browser, {...sizes.desk, javaScriptEnabled: false});
	await page.goto(PAGE);
	want((await page.locator('#p-mac .sentence').textContent()).length > 0, 'whole without JavaScript');
	want(await page.locator('#p-mac .calendar rect').count() > 360, 'a calendar without JavaScript');
	want(await page.locator('#p-mac .plot').count() === 3, 'its plots: what was sent, the copy, the vault\'s disk');
	// What changed is asked of the broker first; the page loads itself anew.
	const [{generation}] = JSON.parse(aob('list', 'mac', '--json')).generations;
	await page.goto(`${PAGE}/pipelines/mac/${generation}`);
	await page.locator('.list .kind').first().waitFor({timeout: 20000});
	await page.context().close();
}

async function aFailureAppearsAndGoes(pages) {
	renameSync(SOURCE, `${SOURCE}.away`);
	aob('run', 'mac', '--now');
	for (const page of pages) {
		await has(page, '#verdict', 'Act now');
		await has(page, '#p-mac', 'Failed');
		want((await page.title()).startsWith('Act now'), 'the title says it too');
	}
	await shot(pages[0], 'status-failed');
	renameSync(`${SOURCE}.away`, SOURCE);
	aob('run', 'mac', '--now');
	for (const page of pages) {
		await has(page, '#verdict', 'Safe');
		await has(page, '#p-mac .badge', 'Safe');
	}
}

async function byKeyboard(browser) {
	const page = await open(browser, sizes.desk);
	await page.goto(PAGE);
	await page.keyboard.press('Tab');
	want((await focused(page)).words === 'Skip to the content', 'first, a way past the head');
	await page.keyboard.press('Enter');
	want((await focused(page)).tag === 'MAIN', 'it leads to the content');
	await goTo(page, 'the calendar', (at) => at.words === 'Calendar of mac');
	await page.goto(PAGE);
	await goTo(page, 'the pipeline', (at) => at.href === '/pipelines/mac');
	// What is fetched anew meanwhile does not take the focus away.
	await page.evaluate(() => refresh());
	await page.waitForTimeout(500);
	want((await focused(page)).href === '/pipelines/mac', 'the focus stays through an update');
	await page.keyboard.press('Enter');
	await page.waitForURL('**/pipelines/mac');
	await accessibleInBoth(page, 'the pipeline\'s page');
	await goTo(page, 'a generation', (at) => /^\/pipelines\/mac\/2/.test(at.href || ''));
	await page.keyboard.press('Enter');
	await page.waitForURL('**/pipelines/mac/2*');
	await has(page, '#generation', 'What changed in it');
	await has(page, '#generation .list', 'video.mov');
	await accessibleInBoth(page, 'the generation\'s page');
	await shot(page, 'generation');
	await goTo(page, 'the older one', (at) => at.words === '← Older');
	const before = page.url();
	await page.keyboard.press('Enter');
	await page.waitForURL((url) => url.href !== before);
	await goTo(page, 'all pipelines', (at) => at.words === 'All pipelines');
	await page.keyboard.press('Enter');
	await page.waitForURL(PAGE + '/');
	await page.context().close();
}

async function theMonitorComesBack(pages) {
	killed = true;
	execFileSync('pkill', ['-KILL', '-x', 'aob-monitor']);
	await has(pages[0], '#live', 'Not live');
	for (const page of pages)
		await has(page, '#live', 'Live.');
	killed = false;
	write('after.txt', 1000);
	aob('run', 'mac', '--now', '--wait');
	const [{generation}] = JSON.parse(aob('list', 'mac', '--json')).generations;
	for (const page of pages)
		await until('the newest generation is shown', 30000, async () => await page.locator(`#p-mac a[href="/pipelines/mac/${generation}"]`).count() > 0);
}

const browser = await launch();
try {
	const pages = [];
	for (const size of Object.values(sizes)) {
		const page = await open(browser, size);
		await page.goto(PAGE);
		await has(page, '#live', 'Live.');
		await has(page, '#verdict', 'Safe');
		pages.push(page);
	}
	say('progress');
	await progressMoves(pages);
	say('a failure');
	await aFailureAppearsAndGoes(pages);
	say('accessibility');
	await accessibleInBoth(pages[0], 'the desk');
	await accessibleInBoth(pages[1], 'the phone');
	await shot(pages[0], 'status');
	await pages[0].emulateMedia({colorScheme: 'dark'});
	await shot(pages[0], 'status-dark');
	say('without JavaScript');
	await worksWithoutScript(browser);
	say('the keyboard');
	await byKeyboard(browser);
	say('the monitor is killed');
	await theMonitorComesBack(pages);
	wantNoFaults();
	say('no word on the console, no request to another host, nothing from axe-core');
} finally {
	await browser.close();
}
