"use strict";
// Playing moments and ranges of frequencies, and showing where the sound is; the page is complete without.
(() => {
  const player = document.getElementById("player");
  const frame = document.getElementById("frame");
  const now = document.getElementById("now");
  const only = document.getElementById("only");
  const start = Number(player.dataset.start);
  const span = Number(player.dataset.span);
  const moments = [...document.querySelectorAll(".moments button")];
  const ranges = [...document.querySelectorAll(".bands button")];
  let end = Infinity;
  let lit = null;

  const stop = () => {
    end = Infinity;
    if (lit) lit.classList.remove("on");
    lit = null;
  };
  const show = () => {
    now.hidden = player.currentTime === 0 && player.paused;
    now.style.left = `${Math.min(100, (100 * player.currentTime) / span)}%`;
    if (player.currentTime >= end) {
      player.pause();
      stop();
    }
    if (!player.paused) requestAnimationFrame(show);
  };
  player.addEventListener("play", show);
  player.addEventListener("seeked", show);
  player.addEventListener("pause", () => { if (player.currentTime < end) stop(); });
  for (const other of document.querySelectorAll("audio")) {
    other.addEventListener("play", () => {
      for (const one of document.querySelectorAll("audio")) if (one !== other) one.pause();
    });
  }

  const play = (from, until = Infinity) => {
    // No pause before: its event comes later, and would end this moment instead of the one before.
    stop();
    player.currentTime = Math.max(0, from);
    end = until;
    player.play();
  };
  for (const button of moments) {
    button.addEventListener("click", () => {
      play(Number(button.dataset.start) - start, Number(button.dataset.end) - start);
      lit = button;
      lit.classList.add("on");
    });
  }
  const at = (event, element) => {
    const box = element.getBoundingClientRect();
    return (span * (event.clientX - box.left)) / box.width;
  };
  for (const place of [frame, document.querySelector(".below svg")]) {
    place.addEventListener("click", (event) => play(at(event, place)));
  }

  // A range alone: two filters of the second order on either side, 24 dB an octave, as a mixer has them.
  let sound = null;
  let filters = [];
  const through = (low, high) => {
    if (!sound) {
      const context = new AudioContext();
      sound = context.createMediaElementSource(player);
    }
    const context = sound.context;
    context.resume();
    for (const node of [sound, ...filters]) node.disconnect();
    const made = [];
    const add = (type, hz) => {
      for (const q of [0.54, 1.31]) made.push(new BiquadFilterNode(context, { type, frequency: hz, Q: 20 * Math.log10(q) }));
    };
    if (low > 30) add("highpass", low);
    if (high < context.sampleRate / 2) add("lowpass", high);
    filters = made;
    [sound, ...filters].reduce((before, node) => before.connect(node)).connect(context.destination);
  };
  const choose = (chosen) => {
    for (const button of ranges) button.setAttribute("aria-pressed", String(button === chosen));
    only.hidden = !chosen;
    if (!chosen) {
      through(0, Infinity);
      return;
    }
    only.querySelector("b").textContent = chosen.textContent;
    through(Number(chosen.dataset.low), Number(chosen.dataset.high));
    if (player.paused) player.play();
  };
  for (const button of ranges) {
    button.addEventListener("click", () => choose(button.getAttribute("aria-pressed") === "true" ? null : button));
  }
  only.querySelector("button").addEventListener("click", () => choose(null));
})();
