#include "receiver/sheet_html.h"

/* Both schemes have a contrast of 7 and more for what is read. */
static const char style[] =
        ":root{color-scheme:light dark;--back:#fff;--text:#1b1f24;--soft:#4a525c;--line:#c9ced6;--link:#0b4a8f;"
        "--mark:#d8e8fb;--warn:#fff2cc;--edge:#8a6100}\n"
        "@media(prefers-color-scheme:dark){:root{--back:#14181d;--text:#e8ebef;--soft:#b9c0c9;--line:#3c444e;"
        "--link:#9ccaff;--mark:#183a5e;--warn:#3d3210;--edge:#e0b64a}}\n"
        "*{box-sizing:border-box}\n"
        "body{background:var(--back);color:var(--text);font:1.05rem/1.55 system-ui,sans-serif;max-width:62rem;"
        "margin:0 auto;padding:1rem 1.2rem 3rem;overflow-wrap:break-word}\n"
        "h1{font-size:1.9rem;line-height:1.2;margin:.6rem 0}h2{margin:1.8rem 0 .5rem;padding-top:.8rem;"
        "border-top:2px solid var(--line)}h3{margin:1.4rem 0 .4rem}\n"
        "p,li,dd{max-width:44rem}ol,ul{padding-left:1.6rem}li{margin:.35rem 0}\n"
        "a{color:var(--link)}a:focus-visible,[tabindex]:focus-visible{outline:3px solid var(--link);"
        "outline-offset:2px}main:focus{outline:none}\n"
        ".skip{position:absolute;left:-99rem}.skip:focus{position:static}\n"
        "nav ul{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.2rem 1.2rem}nav li{margin:0}nav a{display:"
        "inline-block;padding:.3rem 0}\n"
        "code{font-size:.92em;overflow-wrap:anywhere}dl{display:grid;grid-template-columns:max-content 1fr;"
        "gap:.3rem 1.2rem}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere;min-width:0}\n"
        ".open{display:inline-block;padding:.6rem 1.1rem;border:2px solid var(--link);border-radius:.5rem;"
        "font-weight:600}\n"
        ".warn{background:var(--warn);border-left:.4rem solid var(--edge);padding:.6rem 1rem}\n"
        ".in{columns:16rem;list-style:none;padding:0}.in li{margin:0;padding:.2rem "
        "0;break-inside:avoid;overflow-wrap:anywhere}\n"
        ".year{display:grid;grid-template-columns:repeat(auto-fill,minmax(15.5rem,1fr));gap:1.2rem 1.6rem}\n"
        ".month{break-inside:avoid}.month p{margin:.3rem 0;font-size:.9rem}\n"
        ".month table{border-collapse:collapse;width:100%;table-layout:fixed;text-align:center}"
        ".month caption{text-align:left;font-weight:600;padding:.2rem}.month th{font-weight:400;color:var(--soft)}"
        ".month td{color:var(--soft);padding:0;height:2.1rem}.month td a{display:block;line-height:2rem;"
        "background:var(--mark);border-radius:.35rem;margin:1px;font-weight:600}\n"
        ".wide{overflow-x:auto}.wide table{border-collapse:collapse;width:100%}.wide th,.wide td{text-align:left;"
        "padding:.35rem .9rem .35rem 0;border-bottom:1px solid var(--line);vertical-align:top}"
        ".wide td:nth-child(n+3){white-space:nowrap}.wide td:last-child{white-space:normal}\n"
        "footer{margin-top:2.5rem;color:var(--soft);font-size:.92rem}\n"
        "@media(max-width:40rem){dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.6rem}}\n"
        "@media print{@page{margin:1.6cm}:root{--back:#fff;--text:#000;--soft:#333;--line:#999;--link:#000;"
        "--mark:#e4e4e4;--warn:#fff;--edge:#000}body{max-width:none;padding:0;font-size:10.5pt}nav,.skip{display:"
        "none}h2,h3{break-after:avoid}li,tr,dl,.warn{break-inside:avoid}.year{grid-template-columns:repeat(3,1fr)}"
        ".month td,.month td a{height:auto;line-height:1.4}.month td a{print-color-adjust:exact;"
        "-webkit-print-color-adjust:exact}.wide{overflow:visible}}\n";

void sheet_html_head(const struct sheet *sheet, const char *name)
{
	const struct words *words = sheet->words;
	const char *title = name != NULL ? words->title_of : words->title;

	(void)fprintf(sheet->out,
	              "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
	              "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
	              "'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n"
	              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	              "<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"robots\" content=\"noindex\">\n"
	              "<link rel=\"icon\" href=\"data:,\">\n<title>",
	              words->language);
	sheet_say(sheet, title, SHEET_VALUES(name));
	(void)fprintf(sheet->out,
	              "</title>\n<style>\n%s</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#content\">", style);
	sheet_text(sheet, words->skip);
	(void)fputs("</a>\n<header>\n<h1>", sheet->out);
	sheet_say(sheet, title, SHEET_VALUES(name));
	(void)fputs("</h1>\n", sheet->out);
	sheet_para(sheet, words->what, SHEET_NONE);
	(void)fputs("</header>\n", sheet->out);
}

void sheet_html_main(const struct sheet *sheet)
{
	(void)fputs("<main id=\"content\" tabindex=\"-1\">\n", sheet->out);
}

void sheet_html_foot(const struct sheet *sheet, int64_t now_s)
{
	char now[SHEET_VALUE_SIZE];

	(void)fputs("</main>\n<footer>\n", sheet->out);
	sheet_para(sheet, sheet->words->written, SHEET_VALUES(sheet_time(sheet->words, now_s, now)));
	(void)fputs("</footer>\n</body>\n</html>\n", sheet->out);
}
