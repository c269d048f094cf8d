// Plays a page in Chromium and prints what it saw, as JSON: node play.mjs URL PROFILE_FOLDER
import { chromium } from "playwright-core";

const [url, profile] = process.argv.slice(2);
const ADVANCE_SECONDS = 1.5;
const PATIENCE_MS = 45_000;
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
  "--autoplay-policy=no-user-gesture-required"];

const browser = await chromium.launchPersistentContext(profile, { executablePath: "/usr/bin/chromium", args: FLAGS });
const seen = { complaints: [], requests: [], failures: [] };
try {
  const page = await browser.newPage();
  page.on("console", (line) => line.type() === "error" && seen.complaints.push(line.text()));
  page.on("pageerror", (error) => seen.complaints.push(String(error)));
  page.on("request", (request) => seen.requests.push(request.url()));
  page.on("response", (answer) => answer.status() >= 400 && seen.failures.push([answer.status(), answer.url()]));
  const answer = await page.goto(url, { waitUntil: "load" });
  seen.status = answer.status();
  seen.title = await page.title();
  if (await page.$("#player")) {
    await page.evaluate(() => document.getElementById("player").play());
    const advanced = page.waitForFunction((seconds) => document.getElementById("player").currentTime > seconds,
      ADVANCE_SECONDS, { timeout: PATIENCE_MS });
    await advanced.catch(() => (seen.stuck = true));
    Object.assign(seen, await page.evaluate(() => {
      const player = document.getElementById("player");
      const choices = (id) => [...document.getElementById(id).options].map((option) => option.label);
      return { currentTime: player.currentTime, duration: player.duration, source: player.currentSrc,
        width: player.videoWidth, height: player.videoHeight, error: player.error?.message ?? null,
        message: document.getElementById("message").textContent,
        qualities: choices("quality"), subtitles: choices("subtitles") };
    }));
    if (seen.subtitles.length > 1) {
      await page.selectOption("#subtitles", { index: 1 });
      await page.waitForFunction(() => [...document.getElementById("player").textTracks].some(
        (track) => track.mode === "showing" && track.cues?.length > 0), null, { timeout: PATIENCE_MS });
      seen.cues = await page.evaluate(() => [...document.getElementById("player").textTracks].flatMap(
        (track) => track.mode === "showing" ? [...track.cues].map((cue) => cue.text) : []));
    }
  } else {
    seen.text = await page.evaluate(() => document.body.innerText);
    seen.picture = await page.evaluate(() => document.querySelector("img")?.naturalWidth ?? 0);
  }
} finally {
  await browser.close();
}
console.log(JSON.stringify(seen));
