import fc from 'fast-check';
import { signCrash } from './fingerprint.js';

const messageOf = (message: string) => signCrash('app_crash', { message }).message;
const framesOf = (stack: string) => signCrash('app_crash', { stack }).frames;
const groupOf = (data: Record<string, unknown>) => signCrash('app_crash', data).fingerprint.toString('hex');

describe('the message of a crash', () => {
  it.each([
    ['index 17 out of range 3', 'index <n> out of range <n>'],
    ['took 1.5e-7 s, then -3.25 s', 'took <n> s, then <n> s'],
    ['read of 0x7ffe12ab at 0X0', 'read of <addr> at <addr>'],
    ['session 0f6f4f9e-3a52-4b0a-9d58-6a2b7a1f9c11 is gone', 'session <uuid> is gone'],
    ['commit 3f2a9c1b77 failed', 'commit <hex> failed'],
    ['a facade was decade-old', 'a facade was decade-old'],
    [`no texture "hero 1" or 'hero' or \`x\``, 'no texture <text> or <text> or <text>'],
    ["can't open what isn't there", "can't open what isn't there"],
    ['open /data/user/0/app/save.dat failed', 'open save.dat failed'],
    ['open C:\\Users\\Ann\\save.dat failed', 'open save.dat failed'],
    ['GET https://api.dev.com/v1/users/7?token=x failed', 'GET <n>?token=x failed'],
    ['no account of ann.b@mail.example.org', 'no account of <email>'],
    ['scripts/player.lua:42: attempt to call a nil value', 'player.lua:<n>: attempt to call a nil value'],
    ['[string "player.lua"]:42: boom', 'player.lua:<n>: boom'],
    ['  two \n\t lines  ', 'two lines'],
    ['', ''],
  ])('%j reads %j', (message, normal) => {
    expect(messageOf(message)).toBe(normal);
  });

  it('has at most 300 characters', () => {
    expect(messageOf('word '.repeat(1000))).toHaveLength(299);
    expect(messageOf('x'.repeat(5000))).toHaveLength(300);
  });
});

describe('the frames of a crash', () => {
  it('are read from a Lua traceback, without the raising of the error', () => {
    expect(
      framesOf(`stack traceback:
	[C]: in function 'error'
	scripts/player.lua:42: in function 'Player.update'
	scripts/main.lua:10: in method 'tick'
	(...tail calls...)
	/opt/app/scripts/loop.lua:7: in function <scripts/loop.lua:5>
	[string "boot"]:3: in main chunk
	[C]: in ?`),
    ).toEqual(['Player.update in player.lua', 'tick in main.lua', '<anonymous> in loop.lua', 'main chunk in boot']);
  });

  it('are read from a V8 stack', () => {
    expect(
      framesOf(`TypeError: x is not a function
    at update (file:///app/src/player.js:42:13)
    at async Game.tick [as step] (/app/src/game.js:10:5)
    at new Sprite (C:\\app\\sprite.js:1:2)
    at /app/src/loop.js:3:4
    at Array.map (<anonymous>)
    at never (reached.js:1:1)`),
    ).toEqual([
      'update in player.js',
      'Game.tick in game.js',
      'new Sprite in sprite.js',
      '<anonymous> in loop.js',
      'Array.map in <anonymous>',
    ]);
  });

  it('are read from a Gecko stack, and the hash of a bundle is left out', () => {
    expect(
      framesOf('update@https://cdn.dev/main.3f2a9c1b.js?v=7:1:2045\n@https://cdn.dev/main.3f2a9c1b.js:1:9\n'),
    ).toEqual(['update in main.<hex>.js', '<anonymous> in main.<hex>.js']);
  });

  it('are read from gdb and the sanitizers', () => {
    expect(
      framesOf(`==1234==ERROR: AddressSanitizer: heap-use-after-free
    #0 0x55d4a1 in Player::update(float, int) /build/src/player.cpp:42:13
    #1 0x55d4b2 in (anonymous namespace)::tick() src/game.cpp:10
    #2  0x00007ffff7a in raise () from /usr/lib/libc.so.6
    #3 main (argc=1, argv=0x7ffe) at src/main.c:12
    #4 0x7f12 (/usr/lib/libfoo.so+0x1234)`),
    ).toEqual([
      'Player::update in player.cpp',
      '<anonymous>::tick in game.cpp',
      'raise in libc.so.6',
      'main in main.c',
      '?? in libfoo.so',
    ]);
  });

  it('are read from a bare native stack', () => {
    expect(framesOf('#0 0x00007f3a in render\n#1 0x00007f3b in loop')).toEqual(['render', 'loop']);
    expect(framesOf('#0 0x1 in main /build/x.c:12:3\n#1 0x2 in Job::operator()(int) const job.cpp:7')).toEqual([
      'main in x.c',
      'Job::operator() in job.cpp',
    ]);
    expect(framesOf('0: boom\n#7 0x1 in core::run::h0123456789abcdef')).toEqual(['core::run']);
  });

  it('are read from Android and Apple', () => {
    expect(
      framesOf(`#00 pc 000000000004f2a4  /apex/lib64/bionic/libc.so (abort+164) (BuildId: 0a1b2c3d4e5f)
#01 pc 0001f2  /data/app/~~x==/base.apk!libgame.so (Game::run(int)+16)
#02 pc 0001f3  /data/app/libgame.so (BuildId: 0a1b2c3d4e5f)`),
    ).toEqual(['abort in libc.so', 'Game::run in libgame.so', '?? in libgame.so']);
    expect(
      framesOf('0   libsystem_kernel.dylib   0x00007fff5e abort + 120\n1   Game   0x0000000104 -[Player update:] + 12'),
    ).toEqual(['abort in libsystem_kernel.dylib', '-[Player update:] in Game']);
  });

  it('are read from a stack of WebAssembly', () => {
    expect(framesOf('at wasm://wasm/0a1b2c3d:wasm-function[12]:0x1f\n at run (wasm://wasm/0a1b2c3d:0x2f)')).toEqual([
      '<anonymous> in <hex>:wasm-function[12]',
      'run in <hex>',
    ]);
  });

  it('are the lines themselves where none is known', () => {
    expect(framesOf('in room 12\nby door 0x7f\n')).toEqual(['in room <n>', 'by door <addr>']);
  });

  it('are taken from the message when it carries them', () => {
    const stack = "stack traceback:\n\tmain.lua:3: in function 'update'";
    expect(signCrash('lua_error', { message: `main.lua:3: boom\n${stack}` })).toEqual(
      signCrash('lua_error', { message: 'main.lua:3: boom', stack }),
    );
    expect(signCrash('app_crash', { message: 'Error: boom\n    at f (a.js:1:2)' }).frames).toEqual(['f in a.js']);
  });
});

describe('the fingerprint of a crash', () => {
  const crash = (n: number, frame = 'update') => ({
    crash_type: 'SIGSEGV',
    message: `read of 0x${(4096 + n).toString(16)} by "user ${n}" after ${n}.5 s`,
    stack: `#0 0x${(n * 16).toString(16)} in ${frame} (this=0x${n}, count=${n}) at /build-${n}/src/player.cpp:${n}\n#1 0x${n} in main`,
  });

  it('is the same with other addresses, ids, names, lines and directories', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (a, b) => {
        expect(groupOf(crash(a))).toBe(groupOf(crash(b)));
      }),
    );
  });

  it('differs by kind, type, message and top frame', () => {
    const lua = { message: 'a.lua:1: boom', stack: "a.lua:1: in function 'f'" };
    const groups = [
      groupOf(crash(1)),
      groupOf(crash(1, 'draw')),
      groupOf(crash(1, 'update2')),
      groupOf({ ...crash(1), crash_type: 'SIGABRT' }),
      groupOf({ ...crash(1), message: 'other' }),
      groupOf(lua),
      signCrash('lua_error', lua).fingerprint.toString('hex'),
      signCrash('lua_error', { ...lua, stack: "a.lua:1: in function 'g'" }).fingerprint.toString('hex'),
      signCrash('lua_error', { ...lua, stack: "b.lua:1: in function 'f'" }).fingerprint.toString('hex'),
    ];
    expect(new Set(groups).size).toBe(groups.length);
  });

  it('does not depend on what lies below the fifth frame', () => {
    const stack = (names: string) => [...names].map((name) => `at ${name} (x.js:1:1)`).join('\n');
    expect(groupOf({ stack: stack('abcdef') })).toBe(groupOf({ stack: stack('abcdeg') }));
    expect(groupOf({ stack: stack('abcdef') })).not.toBe(groupOf({ stack: stack('abcdgf') }));
  });

  it('never changes by itself: stored groups depend on it', () => {
    expect(groupOf(crash(1))).toBe('ae94e7fa5a5ae88626071f506b423699');
  });

  it('exists for a crash that says nothing', () => {
    const signature = signCrash('app_crash', {});
    expect(signature).toMatchObject({ kind: 'app_crash', crashType: 'app_crash', message: '', frames: [] });
    expect(signature.fingerprint).toHaveLength(16);
    expect(signCrash('app_crash', { crash_type: 7, message: null, stack: true })).toEqual(signature);
  });

  it('exists and is bounded for any text', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.constantFrom(
        '#0 ',
        '0x1f',
        ' in ',
        'at ',
        '(',
        ')',
        ':12',
        '\n',
        '/',
        '\\',
        '"',
        "'",
        '[string "',
        '@',
        '\ud800',
        'a1',
      ),
    );
    const text = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(text, text, text, (crashType, message, stack) => {
        const data = { crash_type: crashType, message, stack };
        const signature = signCrash('app_crash', data);
        expect(signature).toEqual(signCrash('app_crash', data));
        expect(signature.message.length).toBeLessThanOrEqual(300);
        expect(signature.frames.length).toBeLessThanOrEqual(5);
        for (const frame of signature.frames) expect(frame.length).toBeLessThanOrEqual(200);
        expect([signature.crashType, signature.message, ...signature.frames].every((part) => part.isWellFormed())).toBe(
          true,
        );
      }),
      { numRuns: 1000 },
    );
  });
});
