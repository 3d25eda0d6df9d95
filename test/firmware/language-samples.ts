/**
 * What ES2020 code may ask of an engine, an expression each; its value as JSON must be the same on a unit and in Node.
 * Each line is one thing that a bundle leans on or that an engine got wrong before.
 */
// biome-ignore-start lint/suspicious/noTemplateCurlyInString: the samples hold templates
export const LANGUAGE_SAMPLES: readonly string[] = [
  // Numbers
  "[0.1+0.2, 1/3, 1e21, 1e-7, 5e-324, 2**53, -0===0, Object.is(-0,0)]",
  "[(0.000001234).toString(), (123.456).toFixed(1), (1e21).toFixed(2), (255).toString(16), (0.5).toString(2)]",
  "['0x1f','0b101','0o17',' 12 ','1_0',''].map(Number)",
  "[1<<31, 1<<32, -1>>>0, -1>>>28, 2**32|0, 4294967295>>0, ~5]",
  "[Math.imul(0xffffffff,5), Math.clz32(1), Math.fround(5.5), Math.hypot(3,4), Math.trunc(-4.7), Math.sign(-3)]",
  "[Math.sin(1)-0.8414709848078965<1e-15, Math.cos(0), Math.atan2(1,1)-Math.PI/4, Math.round(-0.5), Math.round(2.5)]",
  "[parseInt('12px'), parseFloat('3.14e2x'), Number.MAX_SAFE_INTEGER, Number.isInteger(5.0), isNaN('x')]",
  "[5%3, -5%3, 5%-3, 5.5%2, 2**-1, (-2)**3]",
  // Big integers
  "[2n**64n, -7n/2n, -7n%2n, BigInt.asUintN(8,257n), BigInt.asIntN(8,255n), 0xffffffffffffffffn].map(String)",
  "[typeof 1n, 1n==1, 1n<2, 10n>9, BigInt('0x10').toString(2)]",
  // Strings
  "['\\u{1f511}'.length, [...'a\\u{1f511}b'].length, '\\u{1f511}'.codePointAt(0), String.fromCodePoint(128273)]",
  "['abc'.padStart(5,'*'), 'abc'.at, ' x '.trim(), 'a-b-c'.split('-'), 'abcabc'.lastIndexOf('b'), 'x'.repeat(3)]",
  "['abc'.slice(-2), 'abc'.substring(2,0), 'abc'.substr(-2,1), 'straße'.toUpperCase(), 'ÄÖ'.toLowerCase()]",
  "['a\\u0301'.length, 'a'<'b', 'z'>'ä', 'ab'>'a', '10'<'9']",
  "['a.b.c'.replace('.','-'), 'a.b.c'.replace(/\\./g,'-'), 'aXbX'.replace(/X/g,(m,i)=>i), 'x$y'.replace('$','$$')]",
  "[`a${1+1}b${[1,2]}`, String.raw`\\n${1}`, ((s,...v)=>s.raw.join('|')+v)`p${1}q${2}r`]",
  // Regular expressions
  "[/(?<y>\\d{4})-(?<m>\\d\\d)/.exec('on 2026-11-25').groups.m, 'aBc'.match(/b/i).index, /^.$/u.test('\\u{1f511}')]",
  "[...'a1b22c333'.matchAll(/[a-z](\\d+)/g)].map(m=>m[1])",
  "[/(?<=\\$)\\d+/.exec('cost $42')[0], /(?<!a)b/.test('ab'), /a.c/s.test('a\\nc'), 'x,y;z'.split(/[,;]/)]",
  "((r)=>[r.test('aa'), r.lastIndex, r.test('aa'), r.lastIndex])(/a/y)",
  // Objects
  "Object.keys({b:1,2:1,a:1,1:1})",
  "(({a,...rest})=>[a,rest])({a:1,b:2,c:3})",
  "[{...{a:1},...null,b:2}, {['x'+1]:1}, {get v(){return 7}}.v, Object.entries({p:1,q:2})]",
  "[Object.fromEntries([['a',1]]), Object.assign({},{a:1},{b:2}), Object.getOwnPropertyNames('ab')]",
  "((o)=>{Object.freeze(o);try{(function(){'use strict';o.a=2})()}catch(e){return [e.constructor.name,o.a]}})({a:1})",
  "((o)=>[delete o.a,'a' in o,o.hasOwnProperty('b'),Object.getPrototypeOf(o)===Object.prototype])({a:1,b:2})",
  "((o)=>{o[Symbol.toPrimitive]=h=>h==='number'?42:'t';return [+o,`${o}`,o+'']})({})",
  "[null?.x, undefined?.[0], ({a:{b:1}}).a?.b, (void 0)?.(), 0??1, null??1, ''||'d']",
  "[typeof null, typeof undefined, typeof (()=>1), typeof Symbol(), void 0 === undefined]",
  // Classes
  "(()=>{class A{#p=1;static s=2;get p(){return this.#p}set p(v){this.#p=v}m(){return 'A'}}class B extends A{m(){return super.m()+'B'}}const b=new B();b.p=5;return [b.p,A.s,b.m(),b instanceof A,B.name]})()",
  "(()=>{class A{constructor(){this.t=new.target.name}}class B extends A{}return [new A().t,new B().t]})()",
  "(()=>{class E extends Error{name='E'}try{throw new E('x')}catch(e){return [e instanceof E,e instanceof Error,String(e)]}})()",
  "(()=>{class L extends Array{sum(){return this.reduce((a,b)=>a+b,0)}}const l=L.from([1,2,3]);return [l.sum(),l.map(x=>x*2) instanceof L,l.length]})()",
  "(()=>{class C{static #n=0;static make(){C.#n++;return C.#n}}C.make();return C.make()})()",
  // Functions and scope
  "((a,b=a+1,...c)=>[a,b,c])(1,undefined,3,4)",
  "(()=>{const f=[];for(let i=0;i<3;i++)f.push(()=>i);return f.map(g=>g())})()",
  "(()=>{try{return x;let x=1}catch(e){return e.constructor.name}})()",
  "(function(){return [arguments.length,typeof hoisted(),this===undefined||typeof this];function hoisted(){return 1}}).call(5,1,2)",
  "[((a,b)=>0).length,(function n(){}).name,(()=>{}).name,(x=>x).bind(null,7)()]",
  "(()=>{let s='';outer:for(const a of [1,2,3]){for(const b of [1,2,3]){if(b===2)continue outer;if(a===3)break outer;s+=a*10+b+' '}}return s})()",
  "(()=>{switch('b'){case 'a':return 1;default:case 'c':return 2;case 'b':{let q=3;return q}}})()",
  "(()=>{const o=[];try{try{throw 1}finally{o.push('f')}}catch(e){o.push(e)}finally{o.push('g')}return o})()",
  "(()=>{function f(){try{return 'r'}finally{g='x'}}let g;return [f(),g]})()",
  "[[1,[2,[3,[4]]]].flat(Infinity),[1,2].flatMap(x=>[x,x])]",
  "(({a:{b:[,second]='xy'}={}})=>second)({})",
  "(()=>{let a=1,b=2;[a,b]=[b,a];return [a,b]})()",
  "(()=>{let a=null,b=0,c=1;a??=5;b||=6;c&&=7;return [a,b,c]})()",
  // Iteration
  "(()=>{function*g(){const x=yield 1;try{yield x*2}finally{yield 'f'}}const i=g();return [i.next(),i.next(21),i.return('r'),i.next()]})()",
  "(()=>{function*g(){yield*[1,2];return 3}return [...g()]})()",
  "(()=>{let closed=0;const it={[Symbol.iterator]:()=>({next:()=>({done:false,value:1}),return:()=>(closed++,{})})};for(const x of it)break;const [y]=it;return closed})()",
  "[...new Map([['a',1],['b',2]]).entries()].concat([...new Set([1,1,2])])",
  "(()=>{const m=new Map([[NaN,1],[0,2]]);return [m.get(NaN),m.get(-0),m.size,m.delete(0),[...m.keys()].length]})()",
  "(()=>{const w=new WeakMap(),k={};w.set(k,1);return [w.get(k),w.has({})]})()",
  "(()=>{const s='a\\u{1f511}';let n=0;for(const c of s)n++;return n})()",
  // Arrays
  "[[3,1,2].sort(),[10,9,1].sort(),[3,1,2].sort((a,b)=>b-a),[1,2,3].reverse()]",
  "(()=>{const a=Array.from({length:300},(_,i)=>({k:i%3,i}));a.sort((x,y)=>x.k-y.k);return a.every((x,i)=>i===0||a[i-1].k<x.k||a[i-1].i<x.i)})()",
  "[[1,2,3].includes(NaN),[NaN].includes(NaN),[NaN].indexOf(NaN),[1,2,3].find(x=>x>1),[1,2,3].findIndex(x=>x>5)]",
  "[[1,2,3,4,5].splice(1,2),[1,2,3].copyWithin(0,1),[,1].length,1 in [,1],0 in [,1],Array.isArray([])]",
  "[[1,2,3].reduceRight((a,b)=>a+'-'+b),[1,2].join(),[[1],[2]].toString(),[null,undefined].join('x')]",
  // Bytes
  "[...new Uint8Array([1,256,-1,1.9])].concat([...new Uint8ClampedArray([300,-5,1.5])])",
  "((v)=>{v.setUint32(0,0xdeadbeef);v.setFloat64(4,Math.PI,true);v.setBigUint64(12,2n**63n);return [v.getInt16(0),v.getUint8(4),v.getFloat64(4,true),String(v.getBigInt64(12))]})(new DataView(new ArrayBuffer(20)))",
  "((a)=>[a.subarray(1,3).byteOffset,a.slice(-1)[0],a.set([9],1),a.indexOf(9),a.fill(7,2)[3]])(Uint8Array.of(1,2,3,4))",
  "((b)=>[new Uint16Array(b,2,1)[0],b.slice(1).byteLength,ArrayBuffer.isView(new DataView(b))])(Uint8Array.of(1,2,3,4).buffer)",
  "[new Float32Array([0.1])[0],new Int8Array([200])[0],new Float64Array([1/3])[0],Uint8Array.from('123',Number).join()]",
  "((a)=>{const b=a.subarray(1);b[0]=9;a.copyWithin(2,0);return [...a]})(Uint8Array.of(1,2,3,4))",
  // JSON and text
  "JSON.stringify({u:undefined,f(){},n:null,d:NaN,a:[undefined],s:'\"\\n\\u2028',t:{toJSON:()=>'j'}})",
  "JSON.stringify({a:[1,{b:2}]},null,2)",
  'JSON.parse(\'{"a":[1,{"__proto__":2}],"e":1e3,"s":"\\\\u00e9"}\',(k,v)=>typeof v===\'number\'?v+1:v)',
  "['{a:1}','[1,]','01','\"\\n\"'].map(t=>{try{JSON.parse(t);return 'ok'}catch(e){return e.name}})",
  "[encodeURIComponent('a b&ü'),decodeURIComponent('%C3%BC'),escape('ü'),unescape('%FC')]",
  // Reflection
  "(()=>{const seen=[];const p=new Proxy({a:1},{get:(t,k)=>(seen.push(String(k)),t[k]),has:(t,k)=>k==='z'});return [p.a,'z' in p,'a' in p,seen]})()",
  "[Reflect.ownKeys({a:1,[Symbol('s')]:2}).length,Reflect.apply(Math.max,null,[1,3]),Reflect.has({x:1},'x')]",
  "(()=>{const o={};Object.defineProperty(o,'h',{value:1});return [Object.keys(o),o.h,JSON.stringify(Object.getOwnPropertyDescriptor(o,'h'))]})()",
  "[Symbol.for('a')===Symbol.for('a'),Symbol('d').description,Symbol.iterator in Array.prototype]",
  "[new Function('a','b','return a*b')(6,7),(0,eval)('1+1')]",
  "(()=>{let n=0;const f=()=>{n++;f()};try{f()}catch(e){return [e instanceof Error,n>10]}})()",
];
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: the samples hold templates
