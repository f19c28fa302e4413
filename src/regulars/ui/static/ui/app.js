// SPDX-License-Identifier: Apache-2.0
// Everything works without this file; it saves clicks. It carries no words: the server writes them into attributes.
(() => {
  "use strict";
  const page = document.documentElement;
  const content = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";

  if (window.htmx) {
    Object.assign(window.htmx.config, {
      includeIndicatorStyles: false,
      allowEval: false,
      allowScriptTags: false,
      selfRequestsOnly: true,
      historyCacheSize: 0,
      refreshOnHistoryMiss: true,
      defaultSettleDelay: 0,
      responseHandling: [
        { code: "204", swap: false },
        { code: "[23]..", swap: true },
        { code: "4(09|22)", swap: true },
        { code: "...", swap: false, error: true },
      ],
    });
    document.addEventListener("htmx:configRequest", (event) => {
      event.detail.headers["X-CSRFToken"] = content("csrf-token");
    });
    const show = (id, isShown) => {
      const notice = document.getElementById(id);
      if (notice) notice.hidden = !isShown;
    };
    document.addEventListener("htmx:sendError", () => show("notice-offline", true));
    document.addEventListener("htmx:responseError", () => show("notice-failed", true));
    document.addEventListener("htmx:afterRequest", (event) => {
      if (!event.detail.successful) return;
      show("notice-offline", false);
      show("notice-failed", false);
    });
  }

  const isTyping = (target) => target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (!except || !menu.contains(except)) menu.open = false;
    }
  };

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const opened = document.querySelector("details[data-menu][open] > summary");
      closeMenus();
      opened?.focus();
    }
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const search = [...document.querySelectorAll("[data-search]")].find((field) => field.offsetParent);
    if (!search) return;
    event.preventDefault();
    search.focus();
    search.select();
  });

  const setTheme = (theme) => {
    const year = 60 * 60 * 24 * 365;
    document.cookie = `theme=${theme}; path=/; max-age=${theme ? year : 0}; samesite=lax`;
    if (theme) page.dataset.theme = theme;
    else delete page.dataset.theme;
    markTheme();
  };
  const markTheme = () => {
    for (const choice of document.querySelectorAll("[data-theme-choice]")) {
      choice.setAttribute("aria-pressed", String(choice.dataset.themeChoice === (page.dataset.theme ?? "")));
    }
  };

  const copy = async (button) => {
    await navigator.clipboard.writeText(button.dataset.copy);
    if (button.dataset.copied) button.textContent = button.dataset.copied;
  };

  document.addEventListener("click", (event) => {
    closeMenus(event.target);
    const button = event.target.closest("[data-theme-choice], [data-copy], [data-print], [data-dismiss]");
    if (!button) return;
    if ("themeChoice" in button.dataset) setTheme(button.dataset.themeChoice);
    if ("copy" in button.dataset) copy(button);
    if ("print" in button.dataset) window.print();
    if ("dismiss" in button.dataset) button.closest(".notice")?.remove();
  });
  document.addEventListener("change", (event) => {
    if (event.target.closest("[data-submit-on-change]")) event.target.form.requestSubmit();
  });

  for (const group of document.querySelectorAll("[data-needs-script]")) group.hidden = false;
  markTheme();
})();
