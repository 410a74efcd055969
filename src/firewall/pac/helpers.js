// What browsers give to proxy auto-config files (MDN, "Proxy Auto-Configuration (PAC) file"). Where an answer depends on the
// network, the clock or chance, it is noted in `unknowable`, and the result is not judged.
"use strict";
var unknowable = "";
(function (scope) {
  function unknown(name, value) {
    unknowable = unknowable || name;
    return value;
  }
  function octets(text) {
    var parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(String(text));
    if (!parts) return null;
    var numbers = parts.slice(1).map(Number);
    return numbers.every(function (number) { return number <= 255; }) ? numbers : null;
  }
  scope.alert = function () {};
  scope.isPlainHostName = function (host) { return !/[.:]/.test(host); };
  scope.dnsDomainIs = function (host, domain) {
    return host.length >= domain.length && host.substring(host.length - domain.length) === domain;
  };
  scope.localHostOrDomainIs = function (host, name) {
    return host === name || name.lastIndexOf(host + ".", 0) === 0;
  };
  scope.dnsDomainLevels = function (host) { return host.split(".").length - 1; };
  scope.convert_addr = function (text) {
    var parts = octets(text) || [0, 0, 0, 0];
    return ((parts[0] << 24) | (parts[1] << 16) | (parts[2] << 8) | parts[3]) >>> 0;
  };
  scope.shExpMatch = function (text, pattern) {
    pattern = String(pattern);
    // Browsers differ about other characters: some read them as parts of a regular expression.
    if (/[\\^$+|()[\]{}]/.test(pattern)) return unknown("shExpMatch with special characters", false);
    var source = pattern.replace(/\./g, "\\.").replace(/\*/g, ".*").replace(/\?/g, ".");
    return new RegExp("^" + source + "$", "s").test(String(text));
  };
  scope.isInNet = function (host, network, mask) {
    var address = octets(host);
    if (!address) return unknown("isInNet with a name", false);
    var base = octets(network), bits = octets(mask);
    if (!base || !bits) return false;
    return address.every(function (octet, i) { return (octet & bits[i]) === (base[i] & bits[i]); });
  };
  scope.isInNetEx = function () { return unknown("isInNetEx", false); };
  scope.dnsResolve = function (host) { return octets(host) ? host : unknown("dnsResolve", null); };
  scope.isResolvable = function (host) { return octets(host) ? true : unknown("isResolvable", true); };
  scope.myIpAddress = function () { return unknown("myIpAddress", "127.0.0.1"); };
  ["dnsResolveEx", "isResolvableEx", "myIpAddressEx", "sortIpAddressList"].forEach(function (name) {
    scope[name] = function () { return unknown(name, ""); };
  });
  ["weekdayRange", "dateRange", "timeRange"].forEach(function (name) {
    scope[name] = function () { return unknown(name, false); };
  });
  scope.getClientVersion = function () { return "1.0"; };
  var RealDate = scope.Date;
  scope.Date = function () { unknown("Date"); return new RealDate(0); };
  scope.Date.now = function () { return unknown("Date", 0); };
  scope.Math.random = function () { return unknown("Math.random", 0); };
})(globalThis);
