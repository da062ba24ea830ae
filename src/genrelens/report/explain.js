"use strict";
// Playing moments and showing where the sound is; the page is complete without.
(() => {
  const piece = document.getElementById("piece");
  const frame = document.getElementById("frame");
  const now = document.getElementById("now");
  const start = Number(piece.dataset.start);
  const span = Number(piece.dataset.span);
  let end = Infinity;
  let lit = null;

  const stop = () => {
    end = Infinity;
    if (lit) lit.classList.remove("on");
    lit = null;
  };
  const show = () => {
    now.hidden = piece.currentTime === 0 && piece.paused;
    now.style.left = `${Math.min(100, (100 * piece.currentTime) / span)}%`;
    if (piece.currentTime >= end) {
      piece.pause();
      stop();
    }
    if (!piece.paused) requestAnimationFrame(show);
  };
  piece.addEventListener("play", show);
  piece.addEventListener("seeked", show);
  piece.addEventListener("pause", () => { if (piece.currentTime < end) stop(); });
  for (const other of document.querySelectorAll("audio")) {
    other.addEventListener("play", () => {
      for (const one of document.querySelectorAll("audio")) if (one !== other) one.pause();
    });
  }

  for (const button of document.querySelectorAll(".moments button")) {
    button.addEventListener("click", () => {
      // No pause before: its event comes later, and would end this moment instead of the one before.
      stop();
      piece.currentTime = Number(button.dataset.start) - start;
      end = Number(button.dataset.end) - start;
      lit = button;
      lit.classList.add("on");
      piece.play();
    });
  }
  frame.addEventListener("click", (event) => {
    const box = frame.getBoundingClientRect();
    stop();
    piece.currentTime = (span * (event.clientX - box.left)) / box.width;
  });
})();
