// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The switch for AArch64 and its standard calling convention.
//
// A stack that stands still ends in this frame, lowest address first. switch.c builds the first
// one of a new stack by hand, so the two must agree:
//
//    0 x19 to x28, 80 x29, 88 where to go on, 96 d8 to d15, 160 FPCR, 168 nothing
//
// The file carries no mark of branch target identification, on purpose: we jump to where a call
// returns to, which is no landing pad.

        .text

// void tend_context_jump (TendContext *from, TendContext *to)

        .globl  tend_context_jump
        .hidden tend_context_jump
        .type   tend_context_jump, %function
        .p2align 6
tend_context_jump:
        .cfi_startproc
        sub     sp, sp, #176
        .cfi_def_cfa_offset 176
        stp     x19, x20, [sp]
        .cfi_rel_offset x19, 0
        .cfi_rel_offset x20, 8
        stp     x21, x22, [sp, #16]
        .cfi_rel_offset x21, 16
        .cfi_rel_offset x22, 24
        stp     x23, x24, [sp, #32]
        .cfi_rel_offset x23, 32
        .cfi_rel_offset x24, 40
        stp     x25, x26, [sp, #48]
        .cfi_rel_offset x25, 48
        .cfi_rel_offset x26, 56
        stp     x27, x28, [sp, #64]
        .cfi_rel_offset x27, 64
        .cfi_rel_offset x28, 72
        stp     x29, x30, [sp, #80]
        .cfi_rel_offset x29, 80
        .cfi_rel_offset x30, 88
        stp     d8, d9, [sp, #96]
        .cfi_rel_offset b8, 96
        .cfi_rel_offset b9, 104
        stp     d10, d11, [sp, #112]
        .cfi_rel_offset b10, 112
        .cfi_rel_offset b11, 120
        stp     d12, d13, [sp, #128]
        .cfi_rel_offset b12, 128
        .cfi_rel_offset b13, 136
        stp     d14, d15, [sp, #144]
        .cfi_rel_offset b14, 144
        .cfi_rel_offset b15, 152
        mrs     x9, fpcr
        str     x9, [sp, #160]

        // Both stacks end in the same frame, so what is said to unwinders holds on either side.
        mov     x10, sp
        str     x10, [x0]
        ldr     x11, [x1]
        mov     sp, x11

        // Writing FPCR drains the pipeline; reading it does not. It holds no status bits: those
        // are in FPSR, and belong to nobody across a call.
        ldr     x12, [sp, #160]
        cmp     x9, x12
        b.ne    .Lload_fpcr
.Lrestore:
        ldp     x19, x20, [sp]
        ldp     x21, x22, [sp, #16]
        ldp     x23, x24, [sp, #32]
        ldp     x25, x26, [sp, #48]
        ldp     x27, x28, [sp, #64]
        ldp     x29, x30, [sp, #80]
        ldp     d8, d9, [sp, #96]
        ldp     d10, d11, [sp, #112]
        ldp     d12, d13, [sp, #128]
        ldp     d14, d15, [sp, #144]
        .cfi_remember_state
        add     sp, sp, #176
        .cfi_def_cfa_offset 0
        .cfi_restore x19
        .cfi_restore x20
        .cfi_restore x21
        .cfi_restore x22
        .cfi_restore x23
        .cfi_restore x24
        .cfi_restore x25
        .cfi_restore x26
        .cfi_restore x27
        .cfi_restore x28
        .cfi_restore x29
        .cfi_restore x30
        .cfi_restore b8
        .cfi_restore b9
        .cfi_restore b10
        .cfi_restore b11
        .cfi_restore b12
        .cfi_restore b13
        .cfi_restore b14
        .cfi_restore b15

        // Not by ret: the processor predicts that it returns to our own caller, which is the one
        // place where it never goes.
        br      x30

        .cfi_restore_state
.Lload_fpcr:
        msr     fpcr, x12
        b       .Lrestore
        .cfi_endproc
        .size   tend_context_jump, . - tend_context_jump

// Where a new stack starts: x19 holds the function and x20 its argument. There is no caller, and
// unwinders are told so. They look up the byte before the address that a frame goes on at, hence
// the nop. Whoever has come here with an exception asks our personality.

        .type   start, %function
        .p2align 4
start:
        .cfi_startproc
        .cfi_personality 0x1b, tend_context_personality
        .cfi_undefined x30
        .cfi_undefined x29
        nop
        .globl  tend_context_start
        .hidden tend_context_start
        .type   tend_context_start, %function
tend_context_start:
        mov     x0, x20
        blr     x19
        brk     #1
        .cfi_endproc
        .size   tend_context_start, . - tend_context_start
        .size   start, . - start

        .section .note.GNU-stack, "", %progbits
