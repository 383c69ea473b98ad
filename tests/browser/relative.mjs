// START-HERE.html as a relative opens it: from a disk, in a real Chromium, at the size of a desk and of a phone, light and dark. Run by tests/integration/400-…:
//   relative.mjs photos FILE…          makes small real photos
//   relative.mjs look ROOT LANGUAGE    all of it: axe-core, the keyboard, links to a day's folder and to photos, the print
//   relative.mjs dates ROOT            the dates are exactly the folders that are there
import {readdirSync, writeFileSync} from 'node:fs';
import {pathToFileURL} from 'node:url';
import {accessibleInBoth, faults, focused, goTo, launch, open as openOf, say, shot, sizes, want, wantNoFaults} from './lab.mjs';

const [task, root, language] = process.argv.slice(2);
const PIPELINES = ['mac', 'photos'];
const urlOf = (...names) => [pathToFileURL(root).href, ...names].join('/');
// Chromium's own page of a folder says that of itself.
const open = (browser, options) => openOf(browser, options, 'file://', (message) => message.text().includes('non-JS module files deprecated'));

async function makePhotos(browser, files) {
	const page = await (await browser.newContext()).newPage();
	for (const [i, file] of files.entries()) {
		const data = await page.evaluate((hue) => {
			const canvas = document.createElement('canvas');
			[canvas.width, canvas.height] = [320, 240];
			const draw = canvas.getContext('2d');
			const sky = draw.createLinearGradient(0, 0, 0, 240);
			sky.addColorStop(0, `hsl(${hue} 70% 60%)`);
			sky.addColorStop(1, `hsl(${hue + 60} 70% 85%)`);
			draw.fillStyle = sky;
			draw.fillRect(0, 0, 320, 240);
			draw.fillStyle = 'white';
			draw.beginPath();
			draw.arc(230, 70, 30, 0, 7);
			draw.fill();
			return canvas.toDataURL('image/jpeg', 0.8);
		}, i * 50);
		// A name may be any bytes: it comes as hexadecimal digits.
		writeFileSync(Buffer.from(file, 'hex'), Buffer.from(data.split(',')[1], 'base64'));
	}
}

// As the test's own eyes see the folders.
async function datesAreTheFolders(page) {
	for (const pipeline of PIPELINES) {
		await page.goto(urlOf(pipeline, 'START-HERE.html'));
		const told = await page.locator('a[href^="generations/"]').evaluateAll((links) => links.map((link) => link.getAttribute('href').split('/')[1]));
		const there = readdirSync(`${root}/${pipeline}/generations`);
		want(JSON.stringify([...new Set(told)].sort()) === JSON.stringify(there.sort()), `${pipeline}: told ${[...new Set(told)].sort()}, there ${there.sort()}`);
		const newest = await page.locator('.open').getAttribute('href');
		want(newest === `generations/${there.at(-1)}/`, `the newest of ${pipeline}: ${newest}`);
		say(`${pipeline}: ${there.length} dates, each a folder`);
	}
}

async function isPhoto(page, what) {
	const width = await page.evaluate(() => document.images.length === 1 ? document.images[0].naturalWidth : 0);
	want(width === 320, `${what}: ${page.url()} is no photo, but ${await page.title()}`);
}

async function linksLeadToPhotos(page) {
	await page.goto(urlOf('START-HERE.html'));
	await page.locator('main a', {hasText: 'photos'}).click();
	await page.waitForURL('**/photos/START-HERE.html');
	// Each photo in the newest, whatever its name.
	const links = await page.locator('.in a').evaluateAll((all) => all.map((link) => link.getAttribute('href')));
	const photos = links.filter((link) => link.endsWith('.jpg'));
	want(photos.length === 3, `three photos at the top: ${links}`);
	for (const link of photos) {
		await page.goto(urlOf('photos', 'START-HERE.html'));
		await page.locator(`a[href="${link}"]`).click();
		await isPhoto(page, link);
	}
	// The folder of a day, in which a folder with an odd name lies, in which a photo lies: by what Chromium itself shows of folders.
	await page.goto(urlOf('photos', 'START-HERE.html'));
	await page.locator('.month a').last().click();
	await page.waitForURL((url) => /generations\/[^/]+\/$/.test(url.href));
	await page.locator('a', {hasText: 'Urlaub'}).click();
	await page.waitForURL((url) => url.href.includes('Urlaub'));
	await page.locator('a', {hasText: 'IMG'}).click();
	await page.waitForURL((url) => url.href.includes('IMG'));
	await isPhoto(page, 'in a folder of a day');
	await page.goto(urlOf('photos', 'START-HERE.html'));
	await page.locator('.in a', {hasText: 'Urlaub'}).click();
	await page.waitForURL((url) => url.href.includes('Urlaub'));
	want(await page.locator('a', {hasText: 'IMG'}).count() === 1, 'the folder in the newest');
}

async function everyLocalLinkLeadsSomewhere(page) {
	for (const pipeline of PIPELINES) {
		await page.goto(urlOf(pipeline, 'START-HERE.html'));
		const anchors = await page.locator('a[href^="#"]').evaluateAll((all) => all.filter((link) => document.querySelector(link.getAttribute('href')) === null).length);
		want(anchors === 0, `${anchors} links of ${pipeline} lead nowhere on the page`);
	}
	await page.locator('nav a[href="../START-HERE.html"]').click();
	await page.waitForURL((url) => url.href === urlOf('START-HERE.html'));
}

async function saysWhatItShould(page) {
	const text = async () => page.locator('body').innerText();
	await page.goto(urlOf('mac', 'START-HERE.html'));
	const mac = await text();
	for (const words of {
		en: ['Anna\'s MacBook: last completed backup', 'Migration Assistant', 'hdiutil attach -readonly', 'Connect to Server', '\\\\NAME-OF-THE-NAS', 'Olga Example', '+49 30 1234567'],
		de: ['Anna\'s MacBook: letztes vollständiges Backup', 'Migrationsassistenten', 'hdiutil attach -readonly', 'Mit Server verbinden', '\\\\NAME-DES-NAS', 'Olga Example', '+49 30 1234567'],
	}[language])
		want(mac.includes(words), `${language}: "${words}" is said`);
	want(await page.locator('html').getAttribute('lang') === language, 'its language is told');
	await page.goto(urlOf('photos', 'START-HERE.html'));
	want(await page.locator('#bundle').count() === 0, 'no bundle where there is none');
	want(await page.locator('.month').count() >= 12, 'a year at a glance');
	want(await page.locator('script').count() === 0, 'no script');
}

async function byKeyboard(browser) {
	const page = await open(browser, {...sizes.desk, javaScriptEnabled: true});
	await page.goto(urlOf('photos', 'START-HERE.html'));
	await page.keyboard.press('Tab');
	want((await focused(page)).href === '#content', 'first, a way past the head');
	await page.keyboard.press('Enter');
	await goTo(page, 'the newest copy', (at) => /^generations\/.*\/$/.test(at.href || ''));
	await page.keyboard.press('Enter');
	await page.waitForURL((url) => /generations\/[^/]+\/$/.test(url.href));
	await page.context().close();
}

async function prints(page) {
	await page.goto(urlOf('photos', 'START-HERE.html'));
	await page.emulateMedia({media: 'print'});
	want(!await page.locator('nav').isVisible() && await page.locator('.month').first().isVisible(), 'the print has the calendar, not the navigation');
	const back = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
	want(back === 'rgb(255, 255, 255)', `printed on white: ${back}`);
	await page.emulateMedia({media: 'print', colorScheme: 'dark'});
	want(await page.evaluate(() => getComputedStyle(document.body).color) === 'rgb(0, 0, 0)', 'in black, in a dark scheme too');
	want((await page.pdf({preferCSSPageSize: true})).length > 10000, 'a PDF');
	await page.emulateMedia({media: 'screen', colorScheme: 'light'});
}

// For docs/images: both languages, both sizes, both schemes between them.
async function pictures(page, name) {
	const {width, height} = page.viewportSize();
	const part = {scale: 'css', fullPage: true, clip: {x: 0, y: 0, width, height: 2 * height}};

	if (name === 'phone')
		return language === 'de' && shot(page, 'start-here-phone', part);
	if (language === 'de')
		return;
	await shot(page, 'start-here', part);
	await page.emulateMedia({colorScheme: 'dark'});
	await shot(page, 'start-here-dark', part);
	await page.emulateMedia({colorScheme: 'light'});
}

async function look(browser) {
	for (const [name, size] of Object.entries(sizes)) {
		if (language === 'de' && name !== 'phone' && process.env.WHOLE === undefined)
			continue; // the same markup with other words: a share of it, unless all is asked for
		const page = await open(browser, size);
		for (const path of [['START-HERE.html'], ['photos', 'START-HERE.html'], ['mac', 'START-HERE.html']]) {
			await page.goto(urlOf(...path));
			await accessibleInBoth(page, `${path.join('/')} in ${language}, ${name}`);
		}
		await page.goto(urlOf('photos', 'START-HERE.html'));
		await pictures(page, name);
		await linksLeadToPhotos(page);
		await page.context().close();
	}
	say('nothing from axe-core, and photos are reached, at both sizes');
	const page = await open(browser, sizes.desk);
	await saysWhatItShould(page);
	await everyLocalLinkLeadsSomewhere(page);
	await datesAreTheFolders(page);
	await prints(page);
	await page.context().close();
	await byKeyboard(browser);
	wantNoFaults();
	say(`${language}: no word on the console, no request to another place, ${faults.length} faults`);
}

const browser = await launch();
try {
	if (task === 'photos') {
		await makePhotos(browser, process.argv.slice(3));
	} else if (task === 'look') {
		await look(browser);
	} else {
		await datesAreTheFolders(await open(browser, sizes.desk));
		wantNoFaults();
	}
} finally {
	await browser.close();
}
