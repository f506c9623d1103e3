"""The timeline: gives operators a line's rows in event-time order, whatever the order of arrival.

`registry` names → numbers; `tables` the arrays; `engine` the live edge; `rewind` late rows;
`readback` rows that lie on the log only; `windows` longer windows and
what is emitted; `store` rows kept at hand; `calendar` local days.
"""
