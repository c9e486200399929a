"""The pages in a real browser: Chromium, as bin/chromium finds or installs it."""
