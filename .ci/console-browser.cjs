// Usage: node console-browser.cjs PROGRAM, with playwright-core to be found and CHROMIUM set.
"use strict";

const assert = require("node:assert/strict");
const { spawn } = require("node:child_process");
const { chromium } = require("playwright-core");

const PROGRAM = process.argv[2];
const PATIENCE = 20_000;

/** Starts the program and gives the address of its page. */
function start(...args) {
  const child = spawn(PROGRAM, args, { stdio: ["ignore", "ignore", "pipe"] });
  return new Promise((resolve, reject) => {
    let told = "";
    child.stderr.on("data", (data) => {
      told += data;
      const url = told.match(/shown at (http:\S+)\n/);
      if (url) resolve({ url: url[1], stop: () => child.kill("SIGKILL") });
    });
    child.on("exit", () => reject(new Error(`it has ended: ${told}`)));
  });
}

async function until(what, isSo) {
  const begin = Date.now();
  while (!(await isSo())) {
    assert.ok(Date.now() - begin < PATIENCE, `never so: ${what}`);
    await new Promise((again) => setTimeout(again, 20));
  }
}

/** A page that takes down what goes wrong, and whom it asks. */
async function open(browser, url) {
  const page = await browser.newPage();
  const [errors, asked] = [[], []];
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(url);
  await until("the page is live", async () => (await page.textContent("#state")) === "live");
  const clean = () => {
    assert.deepEqual(errors, []);
    for (const address of asked) assert.equal(new URL(address).host, new URL(url).host, address);
  };
  return { page, asked, clean };
}

const names = (page) => page.$$eval("#channels tbody th", (cells) => cells.map((cell) => cell.textContent));

const TESTS = {
  "what does not move stands in words, and as a circle on the map": async (browser) => {
    const program = await start("demo", "full-cycle", "--listen", "127.0.0.1:0", "--seconds", "60");
    const { page, clean } = await open(browser, program.url);
    await until("the verdict is there", async () => (await page.$$("#verdicts article")).length === 1);
    assert.match(await page.textContent("#verdicts h3"), /^DEADLOCK for \d/);
    assert.match(await page.textContent("#verdicts p"), /planner and worker wait for each other's full channels/);
    assert.match(await page.textContent("#verdicts table"), /full_cycle\.rs:\d+/);
    assert.equal((await page.$$("#map path.stuck")).length, 4);
    assert.match(await page.title(), /stratoswarm/);
    clean();
    program.stop();
    await until("its end is told", async () => /^not connected/.test(await page.textContent("#state")));
  },

  "the table is sorted by click and by key, filtered, and gone through by keys": async (browser) => {
    const program = await start("demo", "full-cycle", "--listen", "127.0.0.1:0", "--seconds", "60");
    const { page, clean } = await open(browser, program.url);
    const table = page.getByRole("table", { name: "Channels" });
    assert.equal(await table.getByRole("row").count(), 3, "a head and two channels");
    const header = table.getByRole("columnheader", { name: "Channel", exact: true });
    await header.getByRole("button").click();
    assert.equal(await header.getAttribute("aria-sort"), "ascending");
    await until("up", async () => (await names(page)).join() === "jobs,results");
    await header.getByRole("button").press("Enter");
    assert.equal(await header.getAttribute("aria-sort"), "descending");
    await until("down", async () => (await names(page)).join() === "results,jobs");

    const focused = () => page.evaluate(() => document.activeElement.dataset.channel ?? document.activeElement.id);
    await page.keyboard.press("/");
    assert.equal(await focused(), "filter");
    await page.keyboard.type("job");
    await until("filtered", async () => (await names(page)).join() === "jobs");
    await page.keyboard.press("Escape");
    await until("all again", async () => (await names(page)).join() === "results,jobs");
    await page.keyboard.press("/");
    await page.keyboard.press("ArrowDown");
    assert.equal(await focused(), "results");
    await page.keyboard.press("ArrowDown");
    assert.equal(await focused(), "jobs");
    await page.keyboard.press("Enter");
    assert.equal(await focused(), "channel-title");
    assert.match(await page.textContent("#readers"), /workers/);
    assert.match(await page.textContent("#waits"), /send.*full_cycle\.rs/);
    await page.keyboard.press("Escape");
    assert.equal(await focused(), "jobs", "back where it was");
    await page.keyboard.press("p");
    assert.equal(await page.getAttribute("#pause", "aria-pressed"), "true");
    assert.equal(await page.textContent("#state"), "paused");
    clean();
    program.stop();
  },

  "a slow subscriber turns up within two seconds": async (browser) => {
    const program = await start("demo", "slow-subscriber", "--listen", "127.0.0.1:0", "--seconds", "60");
    await new Promise((again) => setTimeout(again, 2_000)); // until its channel is full
    const { page, clean } = await open(browser, program.url);
    const begin = Date.now();
    await until("it is told", async () => /^SLOW/.test((await page.textContent("#verdicts")) ?? ""));
    assert.ok(Date.now() - begin < 2_000, `${Date.now() - begin} ms`);
    assert.match(await page.textContent("#channels tbody"), /subscriber \d+: [\d,]+ left, \d+\/s/);
    clean();
    program.stop();
  },

  "the token is taken from behind the address and goes nowhere else": async (browser) => {
    const program = await start("demo", "quiet", "--listen", "127.0.0.1:0", "--token", "s3cret", "--seconds", "60");
    assert.match(program.url, /\/#token=s3cret$/);
    const { page, asked, clean } = await open(browser, program.url);
    assert.ok(!page.url().includes("s3cret"), page.url());
    assert.ok(asked.every((address) => !address.includes("token") || address === program.url), asked.join());
    await page.reload();
    await until("it is this tab's", async () => (await page.textContent("#state")) === "live");
    assert.match(await page.textContent("#well"), /^All is well/);
    clean();
    const other = await browser.newContext().then((context) => context.newPage());
    await other.goto(program.url.split("#")[0]);
    await until("without it nothing is told", async () => /a token is needed/.test(await other.textContent("#state")));
    assert.equal((await other.$$("#channels tbody tr")).length, 0);
    program.stop();
  },
};

(async () => {
  const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args });
  let failed = 0;
  for (const [name, test] of Object.entries(TESTS)) {
    const context = await browser.newContext();
    try {
      await test(context.browser());
      console.log(`ok: ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED: ${name}\n${error.stack}`);
    }
    await context.close();
  }
  await browser.close();
  console.log(`${Object.keys(TESTS).length - failed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
})();
