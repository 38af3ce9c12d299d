// How the browser is started for every test: the system's Chromium, without a sandbox since tests
// run as root, and silent towards the network.
export const CHROMIUM = {
  executablePath: process.env.PODWALL_CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox", "--headless", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
  ],
};

/** Where pictures go: the repository's `target/screenshots`. */
export const SCREENSHOTS = new URL("../../target/screenshots", import.meta.url).pathname;
export const SIZES = [{ width: 1440, height: 900 }, { width: 1024, height: 768 }];
export const SCHEMES = ["light", "dark"] as const;
