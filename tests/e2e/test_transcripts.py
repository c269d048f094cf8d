"""Transcripts on the real binary: pocketsphinx hears English out of the box, whisper.cpp what the operator set it up for
(a script that writes what it writes stands in), and what cannot be heard is told in words."""

import json
import re
import subprocess

import httpx
import pytest

from harness import MEDIA, generated_clip, serving, wait_until

HEARS = {"MILLRACE_MEDIA_TRANSCRIPTS": "true"}
PLAYS = {"MILLRACE_MEDIA_RENDITIONS": "true", "MILLRACE_MEDIA_ENCODE_PRESET": "ultrafast"}
HEARD_SECONDS = 300
SPEECH = "the country is open and you can do what you can for the world"

# What whisper.cpp's command line writes with -oj -of words -ml 1, after a look at what it was given.
WHISPER = r"""#!/usr/bin/python3
import json, sys, wave
options = sys.argv[1:]
given = {name: options[options.index(name) + 1] for name in ("-m", "-f", "-l", "-of")}
assert "-oj" in options and "-ml" in options
assert open(given["-m"]).read() == "a model"
with wave.open(given["-f"]) as sound:
    assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 16000)
if given["-l"] == "xx":
    sys.exit("error: unknown language 'xx'")
words = ["", " Guten", " Tag", " [BLANK_AUDIO]"] if given["-l"] == "de" else [" Bonjour"]
segments = [{"timestamps": {"from": "00:00:00,000", "to": "00:00:00,300"},
             "offsets": {"from": 300 * i, "to": 300 * i + 300}, "text": word} for i, word in enumerate(words)]
with open(given["-of"] + ".json", "w") as out:
    json.dump({"systeminfo": "", "result": {"language": given["-l"]}, "transcription": segments}, out)
"""


def transcripts(api, media):
    return api.call("GET", f"/v2/media/{media}/metadata/transcripts")


def heard(api, media, *languages):
    """The transcripts once each of these languages has its outcome."""
    def settled():
        found = {each["languageCode"]: each for each in transcripts(api, media)}
        return found if all(found.get(each, {}).get("status") in ("ready", "failed") for each in languages) else None
    return wait_until(settled, f"{languages} of {media} to be heard", HEARD_SECONDS)


def text_of(api, transcript, format):
    answer = api.http.get(transcript["urls"][format])
    assert answer.status_code == 200, answer.text
    return answer


@pytest.fixture(scope="module")
def speech(tmp_path_factory):
    """Somebody who speaks English, and words that must be heard."""
    if (MEDIA / "jfk.flac").exists():
        return (MEDIA / "jfk.flac").read_bytes(), {"country", "fellow", "you", "can", "do", "for", "your", "not"}
    spoken = tmp_path_factory.mktemp("speech") / "speech.wav"
    subprocess.run(["espeak-ng", "-v", "en-us", "-s", "140", "-w", spoken, SPEECH], check=True, timeout=30)
    return spoken.read_bytes(), {"country", "you", "can"}


@pytest.fixture(scope="module")
def hearing(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("hearing"), env=HEARS) as running:
        yield running


@pytest.fixture(scope="module")
def spoken(hearing, speech):
    """A media whose English transcript is there, and the words in it that must be."""
    api = hearing.api()
    media = api.ingest(speech[0], "speech.flac")["mediaId"]
    assert api.settled(media, HEARD_SECONDS)["status"] == "ready"
    return media, heard(api, media, "en")["en"], speech[1]


def test_english_is_heard_out_of_the_box(hearing, spoken):
    api = hearing.api()
    _, transcript, expected = spoken
    assert transcript["status"] == "ready" and transcript["engine"] == "pocketsphinx", transcript
    told = text_of(api, transcript, "json").json()
    words = told["words"]
    assert transcript["words"] == len(words)
    found = {each["text"] for each in words}
    assert len(expected & found) >= len(expected) - 1, told["text"]
    assert all(0 <= each["start"] <= each["end"] <= 12 and 0 <= each["confidence"] <= 1 for each in words)
    assert [each["start"] for each in words] == sorted(each["start"] for each in words)


def test_transcripts_are_taken_away_in_every_format(hearing, spoken):
    api = hearing.api()
    _, transcript, _ = spoken
    assert text_of(api, transcript, "txt").text.split() == text_of(api, transcript, "json").json()["text"].split()
    srt, vtt = text_of(api, transcript, "srt"), text_of(api, transcript, "vtt")
    assert srt.headers["content-type"].startswith("application/x-subrip")
    assert 'filename="speech.en.srt"' in srt.headers["content-disposition"]
    assert vtt.text.startswith("WEBVTT\n")
    cues = re.findall(r"\d\d:\d\d:\d\d\.\d{3} --> \d\d:\d\d:\d\d\.\d{3}", vtt.text)
    assert len(cues) == srt.text.count(" --> ") > 1


def test_ffmpeg_reads_the_subtitles(hearing, spoken, tmp_path):
    api = hearing.api()
    for format in ("srt", "vtt"):
        file = tmp_path / f"speech.{format}"
        file.write_bytes(text_of(api, spoken[1], format).content)
        told = subprocess.run(["ffprobe", "-v", "error", "-show_packets", "-of", "json", file], capture_output=True,
                              check=True, timeout=30)
        assert len(json.loads(told.stdout)["packets"]) == file.read_text().count(" --> ")


def test_a_language_nobody_hears_fails_in_words_and_the_media_stays(hearing, spoken):
    api = hearing.api()
    media = spoken[0]
    told = api.call("PUT", f"/v2/media/{media}/metadata", json={"transcriptLanguageCodes": ["de"]})
    assert [each["status"] for each in told["transcripts"] if each["languageCode"] == "de"] == ["queued"]
    failed = heard(api, media, "de")["de"]
    assert failed["status"] == "failed" and "de" in failed["error"] and failed["id"] is None
    assert api.media(media)["status"] == "ready"
    assert {each["languageCode"]: each["status"] for each in
            api.call("GET", f"/v2/media/{media}/metadata")["transcripts"]} == {"de": "failed", "en": "ready"}


def test_silence_without_sound_fails_in_words(hearing, tmp_path):
    api = hearing.api()
    picture = generated_clip(tmp_path / "silent.mkv", "-f", "lavfi", "-i", "testsrc2=size=64x48:duration=1", "-c:v", "mpeg4")
    media = api.ingest(picture.read_bytes(), "silent.mkv")["mediaId"]
    api.settled(media)
    assert transcripts(api, media) == []
    api.call("PUT", f"/v2/media/{media}/metadata", json={"transcriptLanguageCodes": ["en"]})
    assert "sound" in heard(api, media, "en")["en"]["error"]


def test_transcripts_go_with_their_media(hearing, speech):
    api = hearing.api()
    media = api.ingest(speech[0], "again.flac")["mediaId"]
    transcript = heard(api, media, "en")["en"]
    api.call("DELETE", f"/v2/media/{media}?hard=true")
    assert api.http.get(transcript["urls"]["txt"]).status_code == 404


def whisper_of(folder, script):
    """The configuration of a server that hears with this program."""
    program, model = folder / "bin" / "whisper-cli", folder / "model.bin"
    program.parent.mkdir()
    program.write_text(script)
    program.chmod(0o755)
    model.write_text("a model")
    return HEARS | {"MILLRACE_MEDIA_WHISPER": str(program), "MILLRACE_MEDIA_WHISPER_MODEL": str(model)}


@pytest.fixture(scope="module")
def whispering(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whispering")
    with serving(folder / "server", env=PLAYS | whisper_of(folder, WHISPER)) as running:
        yield running


def test_whisper_hears_what_was_asked_for_with_the_upload(whispering, tmp_path):
    api = whispering.api()
    tone = generated_clip(tmp_path / "tone.flac", "-f", "lavfi", "-i", "sine=duration=1").read_bytes()
    media = api.ingest(tone, "tone.flac", transcriptLanguageCodes=["de", "fr", "xx"])["mediaId"]
    found = heard(api, media, "de", "fr", "xx")
    assert found["de"]["engine"] == "whisper.cpp"
    told = text_of(api, found["de"], "json").json()
    assert [(each["text"], each["start"], each["end"]) for each in told["words"]] == [("Guten", 0.3, 0.6), ("Tag", 0.6, 0.9)]
    assert text_of(api, found["fr"], "txt").text == "Bonjour\n"
    assert found["xx"]["status"] == "failed" and "unknown language" in found["xx"]["error"]


def test_a_repeat_asks_for_nothing(whispering, tmp_path):
    api = whispering.api()
    tone = generated_clip(tmp_path / "tone.flac", "-f", "lavfi", "-i", "sine=duration=2").read_bytes()
    media = api.ingest(tone, "tone.flac", transcriptLanguageCodes=["de"])["mediaId"]
    first = heard(api, media, "de")["de"]["id"]
    told = api.call("PUT", f"/v2/media/{media}/metadata", json={"transcriptLanguageCodes": ["de", "fr"]})
    assert {each["languageCode"]: each["status"] for each in told["transcripts"]} == {"de": "ready", "fr": "queued"}
    heard(api, media, "fr")
    assert {each["languageCode"]: each["id"] for each in transcripts(api, media)}["de"] == first


def test_a_removed_media_is_not_listened_to_any_more(start, tmp_path):
    tone = generated_clip(tmp_path / "tone.flac", "-f", "lavfi", "-i", "sine=duration=1").read_bytes()
    with start("removed", env=whisper_of(tmp_path, "#!/bin/sh\nsleep 250\n")) as server:
        api = server.api()
        media = api.ingest(tone, "tone.flac", transcriptLanguageCodes=["de"])["mediaId"]
        assert api.settled(media)["status"] == "ready"
        wait_until(lambda: any((server.data / "jobs").iterdir()), "the engine to listen", 60)
        api.call("DELETE", f"/v2/media/{media}?hard=true")
        wait_until(lambda: not any((server.data / "jobs").iterdir()), "the engine to end", 60)


def test_chromium_shows_what_was_said(whispering, tmp_path, browser):
    api = whispering.api()
    clip = generated_clip(tmp_path / "clip.mp4", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=4",
                          "-f", "lavfi", "-i", "sine=duration=4", "-c:v", "libx264", "-preset", "ultrafast",
                          "-pix_fmt", "yuv420p", "-c:a", "aac")
    media = api.ingest(clip.read_bytes(), "clip.mp4", transcriptLanguageCodes=["de"])["mediaId"]
    heard(api, media, "de")
    seen = browser(f"{whispering.base}/play/{media}")
    assert not seen.get("stuck") and not seen["complaints"] and not seen["failures"], seen
    assert seen["subtitles"] == ["Off", "German"]
    assert seen["cues"] == ["Guten Tag"]
