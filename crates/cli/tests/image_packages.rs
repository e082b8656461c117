//! `belljar image build --with`: images that have packages, imported. Each takes a while to make, so one serves for all.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod index;
mod program;

use index::{Index, Wheel, World};

const COUNTER: &str = "import random, time, os
IMPORTED_AT = time.time()
DRAWN = random.random()
WORDS = {f'word {n}': n for n in range(100)}
try: OUTSIDE = os.listdir('/home')
except OSError as error: OUTSIDE = type(error).__name__
def draw(): return random.random()
";

fn index() -> Index {
    Index::new([
        Wheel::pure(
            "counter",
            "1.2",
            &["part"],
            &[("counter/__init__.py", COUNTER), ("counter/later.py", "HERE = 1\n")],
        ),
        Wheel::pure("part", "3.0", &[], &[("part.py", "raise RuntimeError('not on this machine')\n")]),
        Wheel::pure("endless", "1.0", &[], &[("endless.py", "while True: pass\n")]),
        Wheel::pure("leaving", "1.0", &[], &[("leaving.py", "import os\nos._exit(7)\n")]),
    ])
}

#[test]
fn an_image_has_its_packages_imported_and_can_be_looked_at_and_removed() {
    let index = index();
    let world = World::with_index("baked", &index.address);
    let built = world.run(["image", "build", "--with", "counter", "-o", "counting"]);
    assert_eq!(built.code, Some(0), "{built:?}");
    assert!(
        built.stderr.ends_with("note: part was not imported: RuntimeError: not on this machine\n"),
        "{built:?}"
    );

    // It is there, imported, and for all sessions the same but for chance.
    let code = "import sys; print('counter' in sys.modules)\nimport counter, counter.later
print(counter.WORDS['word 7'], counter.OUTSIDE, counter.later.HERE, counter.__file__)
print(counter.DRAWN, counter.IMPORTED_AT)\nprint(counter.draw())";
    let runs = [(); 2].map(|()| world.run(["run", "--engine", "counting", "-c", code]));
    let lines: Vec<Vec<&str>> = runs.iter().map(|gave| gave.stdout.lines().collect()).collect();
    assert_eq!(
        lines[0][..2],
        ["True", "7 FileNotFoundError 1 /packages/counter/__init__.py"],
        "{:?}",
        runs[0]
    );
    assert_eq!(lines[0][..3], lines[1][..3]);
    assert_ne!(lines[0][3], lines[1][3], "randomness is drawn anew");
    let metadata = "# /// script\n# dependencies = ['counter>=1', 'part']\n# ///\nimport counter; print(counter.WORDS['word 3'])\n";
    let script = world.folder.file("script.py", metadata);
    assert_eq!(world.run(["run", "--engine", "counting", &script]).stdout, "3\n");
    world
        .run(["run", "--engine", "counting", "--with", "other", "-c", "1"])
        .refused("the image counting has no other");
    world
        .run(["run", "--engine", "counting", "--with", "counter>=2", "-c", "1"])
        .refused("the image counting has counter 1.2, and counter>=2 is asked for");
    // What it was made with can be kept in a file.
    let kept = world.folder.path().join("kept");
    let key = world.folder.file("key", "00".repeat(32));
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let kept = kept.to_str().unwrap();
    let keep = ["run", "--engine", "counting", "--snapshot-key", &key];
    assert_eq!(
        world
            .run(keep.iter().chain(&["--save", kept, "-c", "import counter; counter.WORDS['new'] = 1"]))
            .code,
        Some(0)
    );
    let gone_on = world.run(keep.iter().chain(&["--resume", kept, "-c", "print(counter.WORDS['new'])"]));
    assert_eq!(gone_on.stdout, "1\n", "{gone_on:?}");

    can_be_looked_at_and_removed(&world);
}

/// The image is there, and then it is not.
fn can_be_looked_at_and_removed(world: &World) {
    let list = world.run(["image", "list"]).stdout;
    assert!(
        list.lines().any(|line| line.starts_with("counting 3.") && line.contains(" with 2 packages /")),
        "{list}"
    );
    let shown = world.run(["image", "inspect", "counting"]).stdout;
    assert!(
        shown.contains("package counter 1.2 sha256:")
            && shown.contains(", from python\n")
            && shown.contains("imports counter, part\n"),
        "{shown}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&world.run(["image", "inspect", "--json", "counting"]).stdout).unwrap();
    assert_eq!((&json["packages"][1]["name"], &json["from"]), (&"part".into(), &"python".into()));
    assert!(
        json["disk_bytes"].as_u64().unwrap() > 1 << 20
            && json["made_unix_s"].as_u64().unwrap() > 1_700_000_000
    );

    world.run(["image", "build", "--with", "counter", "--from", "counting", "-o", "more"]).refused_somehow(
        "the image \"more\" cannot be made: the image that it would be made from has packages already",
    );
    world.run(["image", "remove", "python"]).refused("the image python is one that Belljar brings");
    assert_eq!(world.run(["image", "remove", "counting"]).code, Some(0));
    world.run(["image", "remove", "counting"]).refused_somehow("there is no image \"counting\" in ");
    world.run(["run", "--engine", "counting", "-c", "1"]).refused("there is no engine \"counting\"");
}

#[test]
fn packages_that_do_not_let_an_image_be_made_are_told() {
    let index = index();
    let world = World::with_index("unbaked", &index.address);
    let fetched =
        world.run(["run", "--with", "endless", "--with", "leaving", "--with", "counter", "-c", "1"]);
    assert_eq!(fetched.code, Some(0), "{fetched:?}");
    let endless = world.run(["image", "build", "--with", "endless", "--time", "1s"]);
    endless.refused_somehow(
        "the image \"endless\" cannot be made: it did not come to the end of its start: the ",
    );
    let leaving = world.run(["image", "build", "--with", "leaving"]);
    leaving.refused_somehow("the image \"leaving\" cannot be made: it did not come to the end of its start: the code exited with 7");
    let list = world.run(["image", "list"]).stdout;
    assert!(!list.contains("endless") && !list.contains("leaving"), "{list}");
    for (arguments, sentence) in [
        (["--with", "counter", "-o", "python"], "python is an image that Belljar brings"),
        (["--with", "counter", "-o", "../x"], "the image \"../x\" cannot be made: a name has letters"),
        (["--with", "counter", "--from", "javascript"], "there are no packages for the engine javascript"),
        (["--with", "counter", "--from", "nothing"], "there is no engine \"nothing\""),
        (["--with", "counter", "--import", "a b"], "--import \"a b\" names no module"),
    ] {
        world.run(["image", "build"].iter().chain(&arguments)).refused_somehow(sentence);
    }
}
