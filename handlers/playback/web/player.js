"use strict";

// Plays what the element's data attributes name: HLS with hls.js, by the browser itself where it can, else the plain file.
(() => {
  const player = document.getElementById("player");
  const quality = document.getElementById("quality");
  const subtitles = document.getElementById("subtitles");
  const message = document.getElementById("message");
  const { hls: playlist, file } = player.dataset;
  const RECOVERIES_MAX = 3;

  const say = (text) => {
    message.textContent = text;
    message.hidden = false;
  };

  // A list of [value, label]; a choice between one thing is none.
  const offer = (select, choices, chosen) => {
    select.replaceChildren(...choices.map(([value, label]) => new Option(label, value)));
    select.value = chosen;
    select.parentElement.hidden = choices.length < 3;
  };

  const levelName = (level) => (level.height ? `${level.height}p` : `${Math.round(level.bitrate / 1000)} kbit/s`);

  const languageName = (code) => {
    try {
      return new Intl.DisplayNames([document.documentElement.lang], { type: "language" }).of(code);
    } catch {
      return code;
    }
  };

  const playFile = () => {
    if (file) player.src = file;
    else say("This browser cannot play this media.");
  };

  const playWithLibrary = () => {
    const hls = new Hls({ enableWorker: false });
    let recoveries = 0;

    hls.on(Hls.Events.MANIFEST_PARSED, () => {
      const levels = hls.levels.map((level, index) => [String(index), levelName(level)]).reverse();
      offer(quality, [["-1", "Automatic"], ...levels], "-1");
    });
    hls.on(Hls.Events.SUBTITLE_TRACKS_UPDATED, () => {
      const tracks = hls.subtitleTracks.map((track, index) => [String(index), languageName(track.lang)]);
      offer(subtitles, [["-1", "Off"], ...tracks], "-1");
      subtitles.parentElement.hidden = tracks.length === 0;
      hls.subtitleTrack = -1;
    });
    quality.addEventListener("change", () => (hls.nextLevel = Number(quality.value)));
    subtitles.addEventListener("change", () => {
      hls.subtitleTrack = Number(subtitles.value);
      hls.subtitleDisplay = hls.subtitleTrack >= 0;
    });
    hls.on(Hls.Events.ERROR, (_, error) => {
      if (!error.fatal) return;
      const status = error.response?.code;
      if (status === 401 || status === 403) {
        hls.destroy();
        say("The token of this address has expired.");
      } else if (error.type === Hls.ErrorTypes.MEDIA_ERROR && recoveries++ < RECOVERIES_MAX) {
        hls.recoverMediaError();
      } else {
        hls.destroy();
        playFile();
      }
    });
    hls.loadSource(playlist);
    hls.attachMedia(player);
  };

  if (playlist && window.Hls && Hls.isSupported()) playWithLibrary();
  else if (playlist && player.canPlayType("application/vnd.apple.mpegurl")) player.src = playlist;
  else playFile();
})();
