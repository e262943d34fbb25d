// Renews the page where it has changed, without reloading it: scrolled tables stay where they are.

const EVERY_MS = 2000;
const main = document.getElementById("run");
const status = document.getElementById("status");
let version = "";

async function renew() {
  const answer = await fetch("/main", { headers: version ? { "If-None-Match": version } : {}, cache: "no-store" });
  if (answer.status === 304) return;
  if (!answer.ok) throw new Error(String(answer.status));
  const scrolled = [...main.querySelectorAll(".scroll")].map((table) => table.scrollLeft);
  main.innerHTML = await answer.text(); // of this server, which escapes all names
  main.querySelectorAll(".scroll").forEach((table, k) => (table.scrollLeft = scrolled[k] ?? 0));
  document.title = main.querySelector("h1").textContent;
  version = answer.headers.get("ETag");
}

async function keepRenewing() {
  try {
    await renew();
    status.textContent = "";
  } catch {
    status.textContent = "The dashboard does not answer: this is what it showed last.";
  }
  setTimeout(keepRenewing, EVERY_MS);
}

keepRenewing();
