"""The report's style sheet: one column, quiet, the same on screen, in the dark and on paper."""

CSS = """
:root{color-scheme:light dark;
 --paper:#fff;--ink:#1b1f24;--muted:#5c6670;--hair:#d5dade;--wash:#f5f7f8;
 --with:#0072b2;--without:#d55e00;--forecast:#56b4e9;--held:#e69f00;--renewed:#b97d00;
 --released:#009e73;--unknown:#b3446c;
 --good:#00704f;--bad:#b23c00;--badwash:#fdf1ea;
 --sans:"Inter","Source Sans 3","Segoe UI","Helvetica Neue","Liberation Sans",Arial,sans-serif}
@media (prefers-color-scheme:dark){:root{
 --paper:#14181c;--ink:#e6e9ec;--muted:#a2abb4;--hair:#353c43;--wash:#1c2227;
 --with:#56b4e9;--without:#ff8a45;--forecast:#3b7fa8;--held:#e69f00;--renewed:#a87200;--released:#2fc596;--unknown:#e58bb0;
 --good:#39c99a;--bad:#ff9a5c;--badwash:#33231a}}
*{box-sizing:border-box}
html{font-size:16px;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.55 var(--sans);font-variant-numeric:tabular-nums}
main{max-width:68rem;margin:0 auto;padding:3.5rem 2rem 5rem}
header p.kicker{margin:0 0 1.1rem;color:var(--muted);font-size:.875rem}
h1{font-size:2.35rem;line-height:1.16;letter-spacing:-.018em;font-weight:650;margin:0 0 1.1rem;max-width:24em;
 text-wrap:balance}
p.standfirst{font-size:1.19rem;line-height:1.5;max-width:44em;margin:0 0 .5rem}
h2{font-size:1.32rem;line-height:1.25;letter-spacing:-.008em;font-weight:650;margin:3.6rem 0 .35rem}
h3{font-size:1rem;font-weight:650;margin:1.8rem 0 .35rem}
p{margin:.4rem 0 .8rem;max-width:46em}
p.note,figcaption,.small{color:var(--muted);font-size:.875rem;line-height:1.5}
a{color:inherit}
figure{margin:1.2rem 0 0}
figure svg{display:block;width:100%;height:auto;overflow:visible}
figcaption{margin-top:.6rem;max-width:54em}
.scroll{overflow-x:auto}
.legend{display:flex;flex-wrap:wrap;gap:.3rem 1.5rem;margin:.9rem 0 -.2rem;padding:0;list-style:none;font-size:.875rem}
.legend li{display:flex;align-items:center;gap:.5rem}
.key{display:inline-block;width:1.7rem;height:0;border-top:2.5px solid var(--ink)}
.key.dash{border-top:2px dashed var(--ink)}.key.dot{border-top:2px dotted var(--muted)}
.key.with{border-color:var(--with)}.key.without{border-color:var(--without)}
.key.area{height:.8rem;border:0;background:var(--forecast);opacity:.4}
.key.held,.key.released,.key.renewed{height:.8rem;border:0;background:var(--held)}
.key.released{background:var(--released)}.key.renewed{background:var(--renewed)}
.key.unknown{height:.8rem;border:1.5px solid var(--unknown);
 background:repeating-linear-gradient(-45deg,var(--unknown) 0 1px,transparent 1px 4px)}
.mark{width:1.7rem;text-align:center;color:var(--with);line-height:1}.mark.stroke{color:var(--ink);font-weight:700}
table{border-collapse:collapse;width:100%;font-size:.9375rem;margin:.9rem 0 0}
th,td{text-align:left;vertical-align:baseline;padding:.42rem 1.2rem .42rem 0;border-bottom:1px solid var(--hair)}
thead th{font-weight:600;font-size:.875rem;border-bottom:1.5px solid var(--ink);vertical-align:bottom}
tbody th{font-weight:400}
td.n,th.n{text-align:right}
td.with,td.without{white-space:nowrap}
td.limit{color:var(--muted);font-size:.875rem}
td.bad{color:var(--bad);font-weight:650}
tr.group th{padding-top:1.5rem;font-weight:600;font-size:.875rem;border-bottom:1.5px solid var(--ink)}
thead .swatch{display:inline-block;width:.7rem;height:.7rem;border-radius:50%;
 margin-right:.45rem;vertical-align:-.02rem}
.swatch.with{background:var(--with)}.swatch.without{background:var(--without)}
section.shortcomings ul{margin:.8rem 0 0;padding:1rem 1.3rem 1rem 2.2rem;
 background:var(--badwash);border-left:4px solid var(--bad)}
section.shortcomings li{margin:.25rem 0;max-width:50em}
ul.checks{list-style:none;margin:.9rem 0 0;padding:0;columns:2;column-gap:3rem}
ul.checks li{break-inside:avoid;padding:.3rem 0 .3rem 1.9rem;text-indent:-1.9rem}
ul.checks b{display:inline-block;width:1.9rem;text-indent:0;color:var(--good)}
ul.checks li.broken,ul.checks li.broken b{color:var(--bad);font-weight:650}
.intervention{margin-top:1.6rem;display:grid;grid-template-columns:15rem 1fr;gap:0 2.6rem}
.intervention h3{grid-column:1/-1;margin:0 0 .6rem}
dl{margin:0;font-size:.9rem}
dt{color:var(--muted);font-size:.8125rem}
dd{margin:0 0 .55rem}
ol.story{align-self:start;list-style:none;margin:0;padding:0;border-left:2px solid var(--hair)}
ol.story li{position:relative;padding:0 0 .9rem 1.5rem;max-width:46em}
ol.story li.more{padding-left:0}
ol.story li:last-child{padding-bottom:0}
ol.story li::before{content:"";position:absolute;left:-.4rem;top:.42rem;width:.65rem;height:.65rem;border-radius:50%;
 background:var(--paper);border:2px solid var(--with)}
ol.story li:has(time){padding-left:6.2rem}
ol.story time{position:absolute;left:1.5rem;font-weight:650}
ol.story b{font-weight:650}
ol.story details{margin:.1rem 0 .5rem 1.5rem;border:0;padding:0}
ol.story summary{font-weight:400;color:var(--muted)}
ol.story details ol{border:0;margin:.3rem 0 0 -1.5rem;padding:0;list-style:none}
ol.story.long{font-size:.9375rem}
ol.story.long li{padding-bottom:.3rem}
ol.story.long li::before{width:.5rem;height:.5rem;left:-.33rem;top:.5rem}
details{margin-top:1rem;border-top:1px solid var(--hair);padding-top:.7rem}
summary{cursor:pointer;font-weight:600}
details table{font-size:.875rem}
details td{padding-top:.22rem;padding-bottom:.22rem}
td.stream{color:var(--muted)}
footer{margin-top:4.5rem;padding-top:1rem;border-top:1.5px solid var(--ink);color:var(--muted);font-size:.875rem}
@media screen and (max-width:48rem){main{padding:2rem 1.1rem 3rem}h1{font-size:1.75rem}
 .intervention{grid-template-columns:1fr}
 ul.checks{columns:1}figure.wide svg{min-width:44rem}}
@media print{:root{color-scheme:light;--paper:#fff;--ink:#000;--muted:#444;--hair:#bbb;--wash:#fff;--with:#0072b2;
 --without:#d55e00;--forecast:#56b4e9;--held:#e69f00;--renewed:#b97d00;--released:#009e73;--unknown:#b3446c;--good:#00704f;--bad:#b23c00;
 --badwash:#fff}
 @page{size:A4;margin:16mm 14mm}html{font-size:10.5px}main{padding:0;max-width:none}
 h2,h3,.legend{break-after:avoid}section.drawn,table.summary,section.shortcomings,
 ol.story li,dl{break-inside:avoid}}
"""
